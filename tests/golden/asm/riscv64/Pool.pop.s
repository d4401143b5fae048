# pop(cpu: Lane) -> u32 | None:
#     n = cpu.cached
#     if n != 0 goto else1
#     return
#   else1:
#     top = n - 1
#     check top < 4, or IndexError
#     row = cpu.hints[top]
#     cpu.cached = top
#     return row
#
# riscv64, lanes by cpu_id: 15 instructions and 8 cold
# registers: status a4, result a5, temporary a6, temporary a7, area a0, base a1, stride a2, lanes a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # return None
    li a4, -3                                # return None
    j 3f                                     # return None
102:                                         # cpu.hints: index out of range
    li a4, -16                               # cpu.hints: index out of range
    j 3f                                     # cpu.hints: index out of range
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
    ld a6, 88(a4)                            # n = cpu.cached
    beq a6, zero, 101b                       # if n == 0 goto nothing
    addi a6, a6, -1                          # top = n - 1
    li a7, 4                                 # check top < 4, or IndexError
    bgeu a6, a7, 102b                        # check top < 4, or IndexError
    slli a7, a6, 2                           # %result = cpu.hints[top]
    add a7, a7, a4                           # %result = cpu.hints[top]
    lwu a5, 96(a7)                           # %result = cpu.hints[top]
    sd a6, 88(a4)                            # cpu.cached = top    # commit
3:
# bytes: 42 in the section, 120 in all
