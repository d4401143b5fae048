# tally_hash(cpu: Numbers, key: u64):
#     %1 = key * 11400714819323198485
#     %2 = %1 >> 61
#     check %2 < 8, or IndexError
#     cpu.table[key * 11400714819323198485 >> 61] += 1
#     return
#
# riscv64, lanes by cpu_id: 16 instructions and 6 cold
# registers: status a5, temporary a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, key a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # cpu.table: index out of range
    li a5, -16                               # cpu.table: index out of range
    j 3f                                     # cpu.table: index out of range
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
    li a6, -7046029254386353131              # %constant1 = 11400714819323198485
    mul a7, a4, a6                           # %1 = key * %constant1
    srli a6, a7, 61                          # %2 = %1 >> 61
    li a7, 8                                 # check %2 < 8, or IndexError
    bgeu a6, a7, 101b                        # check %2 < 8, or IndexError
    slli t0, a6, 3                           # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    add t0, t0, a5                           # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    ld a7, 48(t0)                            # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    addi a7, a7, 1                           # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    sd a7, 48(t0)                            # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
# bytes: 68 in the section, 152 in all
