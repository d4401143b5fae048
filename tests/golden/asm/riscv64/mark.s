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
# riscv64, lanes by cpu_id: 26 instructions and 8 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, Small.rows a4, Small.length a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # Small: index out of range
    li a6, -16                               # Small: index out of range
    j 3f                                     # Small: index out of range
102:                                         # Small: index out of range
    li a6, -17                               # Small: index out of range
    j 3f                                     # Small: index out of range
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
    lwu t0, 0(a6)                            # %1 = cpu.small
    addiw t0, t0, -1                         # %2 = %1 - 1
    slli t0, t0, 32                          # %2 = %1 - 1
    srli t0, t0, 32                          # %2 = %1 - 1
    bgeu t0, a5, 101b                        # check %2 < Small.length, or IndexError
    li t1, 3                                 # %constant1 = 3
    mul t0, t0, t1                           # %4 = %3 * %constant1
    add t1, t0, a4                           # %5 = address of the row cpu.small
    lbu t0, 0(t1)                            # low = cpu.small.low
    lwu t1, 0(a6)                            # %6 = cpu.small
    addiw t1, t1, -1                         # %7 = %6 - 1
    slli t1, t1, 32                          # %7 = %6 - 1
    srli t1, t1, 32                          # %7 = %6 - 1
    bgeu t1, a5, 102b                        # check %7 < Small.length, or IndexError
    li t2, 3                                 # %constant2 = 3
    mul t1, t1, t2                           # %9 = %8 * %constant2
    add t2, t1, a4                           # %10 = address of the row cpu.small
    mv a7, t0                                # %result = low
    li t1, 1                                 # %constant3 = True
    sb t1, 2(t2)                             # cpu.small.marked = %constant3    # commit
3:
# bytes: 78 in the section, 152 in all
