# count_nan(cpu: SortedBuckets, n: i64):
#     cpu.nans += n
#     return
#
# riscv64, lanes by cpu_id: 9 instructions and 4 cold
# registers: status a5, temporary a6, area a0, base a1, stride a2, lanes a3, n a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a5, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a5, 77b                              # restart
    sd a5, 8(a0)                             # restart
2:                                           # restart
    lw a5, 4(a0)                             # this CPU's lane
    bgeu a5, a3, 9b                          # this CPU's lane
    mul a5, a5, a2                           # this CPU's lane
    add a5, a5, a1                           # this CPU's lane
    ld a6, 8(a5)                             # cpu.nans += n    # commit
    add a6, a6, a4                           # cpu.nans += n    # commit
    sd a6, 8(a5)                             # cpu.nans += n    # commit
3:
# bytes: 22 in the section, 88 in all
