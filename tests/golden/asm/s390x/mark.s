# mark(cpu: Chosen, Small.rows: u64, Small.length: u64) -> u8:
#     %1 = cpu.small
#     %2 = %1 - 1
#     check %2 < Small.length, or IndexError
#     %3 = u64(%2)
#     %4 = %3 * 3
#     %5 = address of the row cpu.small
#     low = cpu.small.low
#     %6 = cpu.small
#     %7 = %6 - 1
#     check %7 < Small.length, or IndexError
#     %8 = u64(%7)
#     %9 = %8 * 3
#     %10 = address of the row cpu.small
#     cpu.small.marked = True
#     return low
#
# s390x, lanes by cpu_id: 27 instructions and 8 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, Small.rows %r6, Small.length %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # Small: index out of range
    lghi %r8, -16                            # Small: index out of range
    jg 3f                                    # Small: index out of range
102:                                         # Small: index out of range
    lghi %r8, -17                            # Small: index out of range
    jg 3f                                    # Small: index out of range
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
    llgf %r10, 0(%r8)                        # %1 = cpu.small
    aghik %r10, %r10, -1                     # %2 = %1 - 1
    llgfr %r10, %r10                         # %2 = %1 - 1
    clgr %r10, %r7                           # check %2 < Small.length, or IndexError
    jghe 101b                                # check %2 < Small.length, or IndexError
    lghi %r0, 3                              # %4 = %3 * 3
    msgr %r10, %r0                           # %4 = %3 * 3
    lay %r10, 0(%r10,%r6)                    # %5 = address of the row cpu.small
    llgc %r12, 0(%r10)                       # low = cpu.small.low
    llgf %r10, 0(%r8)                        # %6 = cpu.small
    aghik %r10, %r10, -1                     # %7 = %6 - 1
    llgfr %r10, %r10                         # %7 = %6 - 1
    clgr %r10, %r7                           # check %7 < Small.length, or IndexError
    jghe 102b                                # check %7 < Small.length, or IndexError
    lghi %r0, 3                              # %9 = %8 * 3
    msgr %r10, %r0                           # %9 = %8 * 3
    lay %r10, 0(%r10,%r6)                    # %10 = address of the row cpu.small
    lgr %r9, %r12                            # %result = low
    lghi %r0, 1                              # cpu.small.marked = True    # commit
    stcy %r0, 2(%r10)                        # cpu.small.marked = True    # commit
3:
# bytes: 124 in the section, 216 in all
