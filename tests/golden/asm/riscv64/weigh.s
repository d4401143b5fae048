# weigh(cpu: Numbers, index: u8, x: f64):
#     check index < 8, or IndexError    # before the section
#     %1 = cpu.weights[index]
#     %2 = %1 + x
#     cpu.weights[index] = %2
#     return
#
# riscv64, lanes by cpu_id: 13 instructions and 4 cold
# registers: status a5, temporary fa1, temporary a6, area a0, base a1, stride a2, lanes a3, index a4, x fa0

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
    slli a6, a4, 3                           # %1 = cpu.weights[index]
    add a6, a6, a5                           # %1 = cpu.weights[index]
    fld fa1, 112(a6)                         # %1 = cpu.weights[index]
    fadd.d fa1, fa1, fa0                     # %2 = %1 + x
    slli a6, a4, 3                           # cpu.weights[index] = %2    # commit
    add a6, a6, a5                           # cpu.weights[index] = %2    # commit
    fsd fa1, 112(a6)                         # cpu.weights[index] = %2    # commit
3:
# bytes: 36 in the section, 120 in all
