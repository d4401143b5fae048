# add_sum(cpu: SortedBuckets, x: f64):
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return
#
# riscv64, lanes by cpu_id: 9 instructions and 4 cold
# registers: status a4, temporary fa1, area a0, base a1, stride a2, lanes a3, x fa0

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a4, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a4, 77b                              # restart
    sd a4, 8(a0)                             # restart
2:                                           # restart
    lw a4, 4(a0)                             # this CPU's lane
    bgeu a4, a3, 9b                          # this CPU's lane
    mul a4, a4, a2                           # this CPU's lane
    add a4, a4, a1                           # this CPU's lane
    fld fa1, 0(a4)                           # %1 = cpu.sum
    fadd.d fa1, fa1, fa0                     # %2 = %1 + x
    fsd fa1, 0(a4)                           # cpu.sum = %2    # commit
3:
# bytes: 20 in the section, 88 in all
