# toggle(cpu: Numbers, bit: u32) -> bool:
#     flags = cpu.flags
#     mask = 1 << bit
#     %1 = flags ^ mask
#     cpu.flags = %1
#     %2 = False
#     %5 = flags & mask
#     if %5 == 0 goto known3
#     %2 = True
#   known3:
#     return %2
#
# riscv64, lanes by cpu_id: 17 instructions and 4 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, area a0, base a1, stride a2, lanes a3, bit a4

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
    lwu a7, 28(a5)                           # flags = cpu.flags
    li t0, 1                                 # %constant1 = 1
    sllw t0, t0, a4                          # mask = %constant1 << bit
    slli t0, t0, 32                          # mask = %constant1 << bit
    srli t0, t0, 32                          # mask = %constant1 << bit
    xor t1, a7, t0                           # %1 = flags ^ mask
    li a6, 0                                 # %2 = False
    and a7, a7, t0                           # %5 = flags & mask
    beq a7, zero, 101f                       # if %5 == 0 goto known3.3
    li a6, 1                                 # %2 = True
101:
    sw t1, 28(a5)                            # cpu.flags = %1    # commit
3:
# bytes: 48 in the section, 120 in all
