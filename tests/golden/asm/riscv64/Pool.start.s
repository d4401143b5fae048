# start(cpu: Lane) -> u64:
#     here = cpu.cursor
#     %1 = cpu.batch
#     %2 = here + %1
#     following = %2
#     %6 = cpu.count
#     if following < %6 goto else3
#     following = 0
#   else3:
#     cpu.cursor = following
#     return here
#
# riscv64, lanes by cpu_id: 14 instructions and 4 cold
# registers: status a4, result a5, temporary a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3

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
    ld a6, 80(a4)                            # here = cpu.cursor
    ld a7, 8(a4)                             # %1 = cpu.batch
    add t0, a6, a7                           # following = here + %1
    ld a7, 0(a4)                             # %6 = cpu.count
    bltu t0, a7, 101f                        # if following < %6 goto else3
    li t0, 0                                 # following = 0
101:
    mv a5, a6                                # %result = here
    sd t0, 80(a4)                            # cpu.cursor = following    # commit
3:
# bytes: 40 in the section, 120 in all
