# mean(cpu: Numbers, x: f64, weight: f64) -> f64:
#     %1 = cpu.sum
#     %2 = 1.0 - weight
#     %3 = %1 * %2
#     %4 = x * weight
#     average = %3 + %4
#     cpu.sum = average
#     %5 = average / 2.0
#     return %5
#
# s390x, lanes by cpu_id: 20 instructions and 4 cold
# registers: status %r6, result %f3, temporary %f4, temporary %f5, area %r2, base %r3, stride %r4, lanes %r5, x %f1, weight %f2

    .subsection 1
    .balign 8                                # %constant1 = 1.0
101:                                         # %constant1 = 1.0
    .byte 63, 240, 0, 0, 0, 0, 0, 0          # %constant1 = 1.0
    .balign 8                                # %constant2 = 2.0
102:                                         # %constant2 = 2.0
    .byte 64, 0, 0, 0, 0, 0, 0, 0            # %constant2 = 2.0
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
    ldy %f4, 16(%r6)                         # %1 = cpu.sum
    larl %r1, 101b                           # %constant1 = 1.0
    ldy %f5, 0(%r1)                          # %constant1 = 1.0
    sdbr %f5, %f2                            # %2 = %constant1 - weight
    mdbr %f4, %f5                            # %3 = %1 * %2
    ldr %f5, %f1                             # %4 = x * weight
    mdbr %f5, %f2                            # %4 = x * weight
    adbr %f4, %f5                            # average = %3 + %4
    larl %r1, 102b                           # %constant2 = 2.0
    ldy %f5, 0(%r1)                          # %constant2 = 2.0
    ldr %f3, %f4                             # %result = average / %constant2
    ddbr %f3, %f5                            # %result = average / %constant2
    stdy %f4, 16(%r6)                        # cpu.sum = average    # commit
3:
# bytes: 84 in the section, 184 in all
