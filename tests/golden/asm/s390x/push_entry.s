# push_entry(cpu: List, entry: index[Entry], value: i64, Entry.rows: u64, Entry.length: u64):
#     %1 = entry - 1
#     check %1 < Entry.length, or IndexError
#     %2 = u64(%1)
#     %3 = %2 << 4
#     %4 = address of the row entry
#     %5 = cpu.first
#     entry.next = %5
#     entry.value = value
#     cpu.first = entry
#     return
#
# s390x, lanes by cpu_id: 17 instructions and 6 cold
# registers: status %r10, temporary %r12, temporary %r13, area %r2, base %r3, stride %r4, lanes %r5, entry %r6, value %r7, Entry.rows %r8, Entry.length %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r10, -1                            # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # Entry: index out of range
    lghi %r10, -16                           # Entry: index out of range
    jg 3f                                    # Entry: index out of range
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r10, -2                            # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r10, 77b                           # restart
    stg %r10, 8(%r2)                         # restart
2:                                           # restart
    llgf %r10, 4(%r2)                        # this CPU's lane
    clgr %r10, %r5                           # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r10, %r4                           # this CPU's lane
    agr %r10, %r3                            # this CPU's lane
    aghik %r12, %r6, -1                      # %1 = entry - 1
    llgfr %r12, %r12                         # %1 = entry - 1
    clgr %r12, %r9                           # check %1 < Entry.length, or IndexError
    jghe 101b                                # check %1 < Entry.length, or IndexError
    sllg %r12, %r12, 4                       # %3 = %2 << 4
    lay %r12, 0(%r12,%r8)                    # %4 = address of the row entry
    llgf %r13, 0(%r10)                       # %5 = cpu.first
    sty %r13, 0(%r12)                        # entry.next = %5
    stg %r7, 8(%r12)                         # entry.value = value
    sty %r6, 0(%r10)                         # cpu.first = entry    # commit
3:
# bytes: 80 in the section, 184 in all
