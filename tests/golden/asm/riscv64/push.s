# push(cpu: Items, value: i64) -> bool:
#     n = cpu.count
#     if n != 64 goto else1
#     return False
#   else1:
#     check n < 64, or IndexError
#     cpu.slots[n] = value
#     %4 = n + 1
#     cpu.count = %4
#     return True
#
# riscv64, lanes by cpu_id: 17 instructions and 8 cold
# registers: status a5, result a6, temporary a7, area a0, base a1, stride a2, lanes a3, value a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    li a6, 0                                 # %result = False
    j 3f                                     # %result = False
102:                                         # cpu.slots: index out of range
    li a5, -16                               # cpu.slots: index out of range
    j 3f                                     # cpu.slots: index out of range
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
    ld a7, 0(a5)                             # n = cpu.count
    li a6, 64                                # %constant1 = 64
    beq a7, a6, 101b                         # if n == %constant1 goto exit0
    li a6, 64                                # check n < 64, or IndexError
    bgeu a7, a6, 102b                        # check n < 64, or IndexError
    slli a6, a7, 3                           # cpu.slots[n] = value
    add a6, a6, a5                           # cpu.slots[n] = value
    sd a4, 8(a6)                             # cpu.slots[n] = value
    addi a7, a7, 1                           # %4 = n + 1
    li a6, 1                                 # %result = True
    sd a7, 0(a5)                             # cpu.count = %4    # commit
3:
# bytes: 50 in the section, 120 in all
