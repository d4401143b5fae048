# pop(cpu: Items, missing: i64) -> i64:
#     n = cpu.count
#     if n != 0 goto else1
#     return missing
#   else1:
#     %4 = n - 1
#     check %4 < 64, or IndexError
#     value = cpu.slots[n - 1]
#     %5 = n - 1
#     cpu.count = %5
#     return value
#
# riscv64, lanes by cpu_id: 19 instructions and 6 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, missing a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
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
    bne a7, zero, 101f                       # if n != 0 goto else1
    mv a6, a4                                # %result = missing
    j 3f                                     # goto end
101:
    addi t0, a7, -1                          # %4 = n - 1
    li t1, 64                                # check %4 < 64, or IndexError
    bgeu t0, t1, 102b                        # check %4 < 64, or IndexError
    slli t2, t0, 3                           # value = cpu.slots[n - 1]
    add t2, t2, a5                           # value = cpu.slots[n - 1]
    ld t1, 8(t2)                             # value = cpu.slots[n - 1]
    addi t2, a7, -1                          # %5 = n - 1
    mv a6, t1                                # %result = value
    sd t2, 0(a5)                             # cpu.count = %5    # commit
3:
# bytes: 56 in the section, 120 in all
