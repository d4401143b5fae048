# count(cpu: SortedBuckets, x: f64):
#     at = 0
#     %5 = at + 1
#     check %5 < 4, or IndexError
#     %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %6 < x goto holds7
#     goto else2
#   holds7:
#     %8 = at + 2
#     at = %8
#   else2:
#     %12 = at + 0
#     check %12 < 4, or IndexError
#     %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %13 < x goto holds14
#     goto else9
#   holds14:
#     %15 = at + 1
#     at = %15
#   else9:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# s390x, lanes by cpu_id: 34 instructions and 10 cold
# registers: status %r6, temporary %r7, temporary %r8, temporary %f2, area %r2, base %r3, stride %r4, lanes %r5, x %f1

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # cpu.bounds: index out of range
    lghi %r6, -16                            # cpu.bounds: index out of range
    jg 3f                                    # cpu.bounds: index out of range
104:                                         # cpu.bounds: index out of range
    lghi %r6, -17                            # cpu.bounds: index out of range
    jg 3f                                    # cpu.bounds: index out of range
107:                                         # cpu.counts: index out of range
    lghi %r6, -18                            # cpu.counts: index out of range
    jg 3f                                    # cpu.counts: index out of range
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
    lghi %r7, 0                              # at = 0
    aghik %r8, %r7, 1                        # %5 = at + 1
    clgfi %r8, 4                             # check %5 < 4, or IndexError
    jghe 101b                                # check %5 < 4, or IndexError
    sllg %r1, %r8, 3                         # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ldy %f2, 16(%r1,%r6)                     # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    cdbr %f2, %f1                            # if %6 < x goto holds7
    jgl 102f                                 # if %6 < x goto holds7
    jg 103f                                  # goto else2
102:
    aghik %r8, %r7, 2                        # %8 = at + 2
    lgr %r7, %r8                             # at = %8
103:
    aghik %r8, %r7, 0                        # %12 = at + 0
    clgfi %r8, 4                             # check %12 < 4, or IndexError
    jghe 104b                                # check %12 < 4, or IndexError
    sllg %r1, %r8, 3                         # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ldy %f2, 16(%r1,%r6)                     # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    cdbr %f2, %f1                            # if %13 < x goto holds14
    jgl 105f                                 # if %13 < x goto holds14
    jg 106f                                  # goto else9
105:
    aghik %r8, %r7, 1                        # %15 = at + 1
    lgr %r7, %r8                             # at = %15
106:
    clgfi %r7, 4                             # check at < 4, or IndexError
    jghe 107b                                # check at < 4, or IndexError
    sllg %r1, %r7, 3                         # cpu.counts[at] += 1    # commit
    lg %r0, 48(%r1,%r6)                      # cpu.counts[at] += 1    # commit
    agfi %r0, 1                              # cpu.counts[at] += 1    # commit
    stg %r0, 48(%r1,%r6)                     # cpu.counts[at] += 1    # commit
3:
# bytes: 176 in the section, 280 in all
