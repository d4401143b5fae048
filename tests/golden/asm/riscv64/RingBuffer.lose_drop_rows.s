# lose(cpu: Rows):
#     cpu.lost += 1
#     return
#
# riscv64, lanes by cpu_id: 9 instructions and 4 cold
# registers: status a4, temporary a5, area a0, base a1, stride a2, lanes a3

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
    ld a5, 8(a4)                             # cpu.lost += 1    # commit
    addi a5, a5, 1                           # cpu.lost += 1    # commit
    sd a5, 8(a4)                             # cpu.lost += 1    # commit
3:
# bytes: 18 in the section, 88 in all
