# mean(cpu: Numbers, x: f64, weight: f64) -> f64:
#     %1 = cpu.sum
#     %2 = 1.0 - weight
#     %3 = %1 * %2
#     %4 = x * weight
#     average = %3 + %4
#     cpu.sum = average
#     %5 = average / 2.0
#     return %5
#
# riscv64, lanes by cpu_id: 15 instructions and 4 cold
# registers: status a4, result fa2, temporary fa3, temporary fa4, temporary a5, area a0, base a1, stride a2, lanes a3, x fa0, weight fa1

    .subsection 1
    .balign 8                                # %constant1 = 1.0
101:                                         # %constant1 = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %constant1 = 1.0
    .balign 8                                # %constant2 = 2.0
102:                                         # %constant2 = 2.0
    .byte 0, 0, 0, 0, 0, 0, 0, 64            # %constant2 = 2.0
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
    fld fa3, 16(a4)                          # %1 = cpu.sum
    fld fa4, 101b, a5                        # %constant1 = 1.0
    fsub.d fa4, fa4, fa1                     # %2 = %constant1 - weight
    fmul.d fa3, fa3, fa4                     # %3 = %1 * %2
    fmul.d fa4, fa0, fa1                     # %4 = x * weight
    fadd.d fa3, fa3, fa4                     # average = %3 + %4
    fld fa4, 102b, a5                        # %constant2 = 2.0
    fdiv.d fa2, fa3, fa4                     # %result = average / %constant2
    fsd fa3, 16(a4)                          # cpu.sum = average    # commit
3:
# bytes: 52 in the section, 152 in all
