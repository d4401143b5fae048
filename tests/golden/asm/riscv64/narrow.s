# narrow(cpu: Numbers, x: f32) -> i32:
#     %1 = cpu.single
#     %2 = %1 + x
#     cpu.single = %2
#     %3 = i32(x)
#     return %3
#
# riscv64, lanes by cpu_id: 13 instructions and 4 cold
# registers: status a4, result a5, temporary fa1, temporary a6, area a0, base a1, stride a2, lanes a3, x fa0

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
    flw fa1, 24(a4)                          # %1 = cpu.single
    fadd.s fa1, fa1, fa0                     # %2 = %1 + x
    fcvt.w.s a5, fa0, rtz                    # %result = i32(x)
    feq.s a6, fa0, fa0                       # %result = i32(x)
    neg a6, a6                               # %result = i32(x)
    and a5, a5, a6                           # %result = i32(x)
    fsw fa1, 24(a4)                          # cpu.single = %2    # commit
3:
# bytes: 40 in the section, 120 in all
