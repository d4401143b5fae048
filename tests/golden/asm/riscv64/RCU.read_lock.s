# read_lock(cpu: Readers) -> i64:
#     phase = cpu.phase
#     check phase < 2, or IndexError
#     cpu.begun[phase] += 1
#     return phase
#
# riscv64, lanes by cpu_id: 15 instructions and 6 cold
# registers: status a4, result a5, temporary a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # cpu.begun: index out of range
    li a4, -16                               # cpu.begun: index out of range
    j 3f                                     # cpu.begun: index out of range
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
    ld a6, 0(a4)                             # phase = cpu.phase
    li a7, 2                                 # check phase < 2, or IndexError
    bgeu a6, a7, 101b                        # check phase < 2, or IndexError
    mv a5, a6                                # %result = phase
    slli t0, a6, 3                           # cpu.begun[phase] += 1    # commit
    add t0, t0, a4                           # cpu.begun[phase] += 1    # commit
    ld a7, 8(t0)                             # cpu.begun[phase] += 1    # commit
    addi a7, a7, 1                           # cpu.begun[phase] += 1    # commit
    sd a7, 8(t0)                             # cpu.begun[phase] += 1    # commit
3:
# bytes: 40 in the section, 120 in all
