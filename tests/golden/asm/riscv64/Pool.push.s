# push(cpu: Lane, row: u32) -> bool:
#     n = cpu.cached
#     if n < 4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.hints[n] = row
#     %4 = n + 1
#     cpu.cached = %4
#     return True
#
# riscv64, lanes by cpu_id: 17 instructions and 8 cold
# registers: status a5, result a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, row a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    li a6, 0                                 # %result = False
    j 3f                                     # %result = False
102:                                         # cpu.hints: index out of range
    li a5, -16                               # cpu.hints: index out of range
    j 3f                                     # cpu.hints: index out of range
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
    ld a7, 88(a5)                            # n = cpu.cached
    li t0, 4                                 # %constant1 = 4
    bgeu a7, t0, 101b                        # if n >= %constant1 goto exit0
    li t0, 4                                 # check n < 4, or IndexError
    bgeu a7, t0, 102b                        # check n < 4, or IndexError
    slli t0, a7, 2                           # cpu.hints[n] = row
    add t0, t0, a5                           # cpu.hints[n] = row
    sw a4, 96(t0)                            # cpu.hints[n] = row
    addi t0, a7, 1                           # %4 = n + 1
    li a6, 1                                 # %result = True
    sd t0, 88(a5)                            # cpu.cached = %4    # commit
3:
# bytes: 48 in the section, 120 in all
