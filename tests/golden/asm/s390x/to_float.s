# to_float(cpu: Numbers, n: u64) -> f64:
#     x = f64(n)
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return x
#
# s390x, lanes by cpu_id: 12 instructions and 4 cold
# registers: status %r7, result %f1, temporary %f2, temporary %f3, area %r2, base %r3, stride %r4, lanes %r5, n %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r7, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r7, 77b                            # restart
    stg %r7, 8(%r2)                          # restart
2:                                           # restart
    llgf %r7, 4(%r2)                         # this CPU's lane
    clgr %r7, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r7, %r4                            # this CPU's lane
    agr %r7, %r3                             # this CPU's lane
    cdlgbr %f2, 0, %r6, 0                    # x = f64(n)
    ldy %f3, 16(%r7)                         # %1 = cpu.sum
    adbr %f3, %f2                            # %2 = %1 + x
    ldr %f1, %f2                             # %result = x
    stdy %f3, 16(%r7)                        # cpu.sum = %2    # commit
3:
# bytes: 46 in the section, 120 in all
