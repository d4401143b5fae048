# shift(cpu: Numbers, n: u16, count: u16):
#     %1 = n << count
#     cpu.medium = %1
#     return
#
# riscv64, lanes by cpu_id: 11 instructions and 4 cold
# registers: status a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, n a4, count a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
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
    andi t0, a5, 15                          # %1 = n << count
    sll a7, a4, t0                           # %1 = n << count
    slli a7, a7, 48                          # %1 = n << count
    srli a7, a7, 48                          # %1 = n << count
    sh a7, 34(a6)                            # cpu.medium = %1    # commit
3:
# bytes: 32 in the section, 88 in all
