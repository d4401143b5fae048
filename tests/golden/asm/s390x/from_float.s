# from_float(cpu: Numbers, x: f64) -> u64:
#     cpu.sum = x
#     %1 = u64(x)
#     return %1
#
# s390x, lanes by cpu_id: 12 instructions and 4 cold
# registers: status %r6, result %r7, area %r2, base %r3, stride %r4, lanes %r5, x %f1

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r6, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r6, 77b                            # restart
    stg %r6, 8(%r2)                          # restart
2:                                           # restart
    llgf %r6, 4(%r2)                         # this CPU's lane
    clgr %r6, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r6, %r4                            # this CPU's lane
    agr %r6, %r3                             # this CPU's lane
    clgdbr %r7, 5, %f1, 0                    # %result = u64(x)
    lghi %r0, 0                              # %result = u64(x)
    cdbr %f1, %f1                            # %result = u64(x)
    locgro %r7, %r0                          # %result = u64(x)
    stdy %f1, 16(%r6)                        # cpu.sum = x    # commit
3:
# bytes: 46 in the section, 120 in all
