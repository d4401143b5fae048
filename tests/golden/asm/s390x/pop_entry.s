# pop_entry(cpu: List, Entry.rows: u64, Entry.length: u64) -> index[Entry]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first - 1
#     check %4 < Entry.length, or IndexError
#     %5 = u64(%4)
#     %6 = %5 << 4
#     %7 = address of the row first
#     %8 = first.next
#     cpu.first = %8
#     return first
#
# s390x, lanes by cpu_id: 19 instructions and 8 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, area %r2, base %r3, stride %r4, lanes %r5, Entry.rows %r6, Entry.length %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    lghi %r9, 0                              # %result = None
    jg 3f                                    # %result = None
102:                                         # Entry: index out of range
    lghi %r8, -16                            # Entry: index out of range
    jg 3f                                    # Entry: index out of range
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
    llgf %r10, 0(%r8)                        # first = cpu.first
    clgfi %r10, 0                            # if first == None goto exit0
    jge 101b                                 # if first == None goto exit0
    aghik %r12, %r10, -1                     # %4 = first - 1
    llgfr %r12, %r12                         # %4 = first - 1
    clgr %r12, %r7                           # check %4 < Entry.length, or IndexError
    jghe 102b                                # check %4 < Entry.length, or IndexError
    sllg %r12, %r12, 4                       # %6 = %5 << 4
    lay %r12, 0(%r12,%r6)                    # %7 = address of the row first
    llgf %r13, 0(%r12)                       # %8 = first.next
    lgr %r9, %r10                            # %result = first
    sty %r13, 0(%r8)                         # cpu.first = %8    # commit
3:
# bytes: 90 in the section, 184 in all
