# count_log_linear(cpu: LogLinearBuckets, bits: i64):
#     at = 0
#     %4 = cpu.lowest
#     if bits <= %4 goto else1
#     %5 = bits - 1
#     %6 = cpu.shift
#     %7 = %5 >> %6
#     %8 = cpu.before
#     %9 = %7 - %8
#     at = %9
#     %13 = cpu.last
#     if at <= %13 goto else10
#     %14 = cpu.last
#     at = %14
#   else10:
#   else1:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# s390x, lanes by cpu_id: 26 instructions and 6 cold
# registers: status %r7, temporary %r8, temporary %r9, temporary %r10, area %r2, base %r3, stride %r4, lanes %r5, bits %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
103:                                         # cpu.counts: index out of range
    lghi %r7, -16                            # cpu.counts: index out of range
    jg 3f                                    # cpu.counts: index out of range
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
    lghi %r8, 0                              # at = 0
    lg %r9, 16(%r7)                          # %4 = cpu.lowest
    cgr %r6, %r9                             # if bits <= %4 goto else1
    jgle 101f                                # if bits <= %4 goto else1
    aghik %r9, %r6, -1                       # %5 = bits - 1
    lg %r10, 24(%r7)                         # %6 = cpu.shift
    srag %r9, %r9, 0(%r10)                   # %7 = %5 >> %6
    lg %r10, 32(%r7)                         # %8 = cpu.before
    sgrk %r8, %r9, %r10                      # at = %7 - %8
    lg %r9, 40(%r7)                          # %13 = cpu.last
    cgr %r8, %r9                             # if at <= %13 goto else10
    jgle 102f                                # if at <= %13 goto else10
    lg %r8, 40(%r7)                          # at = cpu.last
102:
101:
    clgfi %r8, 4                             # check at < 4, or IndexError
    jghe 103b                                # check at < 4, or IndexError
    sllg %r1, %r8, 3                         # cpu.counts[at] += 1    # commit
    lg %r0, 48(%r1,%r7)                      # cpu.counts[at] += 1    # commit
    agfi %r0, 1                              # cpu.counts[at] += 1    # commit
    stg %r0, 48(%r1,%r7)                     # cpu.counts[at] += 1    # commit
3:
# bytes: 130 in the section, 216 in all
