# shift(cpu: Numbers, n: u16, count: u16):
#     %1 = n << count
#     cpu.medium = %1
#     return
#
# s390x, lanes by cpu_id: 12 instructions and 4 cold
# registers: status %r8, temporary %r9, area %r2, base %r3, stride %r4, lanes %r5, n %r6, count %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r8, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r8, 77b                            # restart
    stg %r8, 8(%r2)                          # restart
2:                                           # restart
    llgf %r8, 4(%r2)                         # this CPU's lane
    clgr %r8, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r8, %r4                            # this CPU's lane
    agr %r8, %r3                             # this CPU's lane
    lgr %r1, %r7                             # %1 = n << count
    nill %r1, 15                             # %1 = n << count
    sllg %r9, %r6, 0(%r1)                    # %1 = n << count
    llghr %r9, %r9                           # %1 = n << count
    sthy %r9, 34(%r8)                        # cpu.medium = %1    # commit
3:
# bytes: 48 in the section, 120 in all
