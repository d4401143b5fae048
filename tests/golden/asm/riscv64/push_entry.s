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
# riscv64, lanes by cpu_id: 16 instructions and 6 cold
# registers: status t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, entry a4, value a5, Entry.rows a6, Entry.length a7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li t0, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # Entry: index out of range
    li t0, -16                               # Entry: index out of range
    j 3f                                     # Entry: index out of range
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li t0, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla t0, 77b                              # restart
    sd t0, 8(a0)                             # restart
2:                                           # restart
    lw t0, 4(a0)                             # this CPU's lane
    bgeu t0, a3, 9b                          # this CPU's lane
    mul t0, t0, a2                           # this CPU's lane
    add t0, t0, a1                           # this CPU's lane
    addiw t1, a4, -1                         # %1 = entry - 1
    slli t1, t1, 32                          # %1 = entry - 1
    srli t1, t1, 32                          # %1 = entry - 1
    bgeu t1, a7, 101b                        # check %1 < Entry.length, or IndexError
    slli t1, t1, 4                           # %3 = %2 << 4
    add t1, t1, a6                           # %4 = address of the row entry
    lwu t2, 0(t0)                            # %5 = cpu.first
    sw t2, 0(t1)                             # entry.next = %5
    sd a5, 8(t1)                             # entry.value = value
    sw a4, 0(t0)                             # cpu.first = entry    # commit
3:
# bytes: 48 in the section, 120 in all
