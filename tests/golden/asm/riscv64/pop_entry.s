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
# riscv64, lanes by cpu_id: 17 instructions and 8 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, Entry.rows a4, Entry.length a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    li a7, 0                                 # %result = None
    j 3f                                     # %result = None
102:                                         # Entry: index out of range
    li a6, -16                               # Entry: index out of range
    j 3f                                     # Entry: index out of range
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a6, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a6, 77b                              # restart
    sd a6, 8(a0)                             # restart
2:                                           # restart
    lw a6, 4(a0)                             # this CPU's lane
    bgeu a6, a3, 9b                          # this CPU's lane
    mul a6, a6, a2                           # this CPU's lane
    add a6, a6, a1                           # this CPU's lane
    lwu t0, 0(a6)                            # first = cpu.first
    beq t0, zero, 101b                       # if first == None goto exit0
    addiw t1, t0, -1                         # %4 = first - 1
    slli t1, t1, 32                          # %4 = first - 1
    srli t1, t1, 32                          # %4 = first - 1
    bgeu t1, a5, 102b                        # check %4 < Entry.length, or IndexError
    slli t1, t1, 4                           # %6 = %5 << 4
    add t1, t1, a4                           # %7 = address of the row first
    lwu t2, 0(t1)                            # %8 = first.next
    mv a7, t0                                # %result = first
    sw t2, 0(a6)                             # cpu.first = %8    # commit
3:
# bytes: 50 in the section, 120 in all
