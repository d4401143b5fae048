# count_log_linear(cpu: LogLinearBuckets, bits: i64):
#     at = 0
#     %4 = cpu.lowest
#     if bits <= %4 goto else1
#     %5 = bits - 1
#     %6 = cpu.shift
#     %7 = %5 >> %6
#     %8 = cpu.before
#     %9 = %7 - %8
#     at = %9
#     %13 = cpu.last
#     if at <= %13 goto else10
#     %14 = cpu.last
#     at = %14
#   else10:
#   else1:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# riscv64, lanes by cpu_id: 24 instructions and 6 cold
# registers: status a5, temporary a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, bits a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
103:                                         # cpu.counts: index out of range
    li a5, -16                               # cpu.counts: index out of range
    j 3f                                     # cpu.counts: index out of range
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
    li a6, 0                                 # at = 0
    ld a7, 16(a5)                            # %4 = cpu.lowest
    bge a7, a4, 101f                         # if bits <= %4 goto else1
    addi a7, a4, -1                          # %5 = bits - 1
    ld t0, 24(a5)                            # %6 = cpu.shift
    sra a7, a7, t0                           # %7 = %5 >> %6
    ld t0, 32(a5)                            # %8 = cpu.before
    sub a6, a7, t0                           # at = %7 - %8
    ld a7, 40(a5)                            # %13 = cpu.last
    bge a7, a6, 102f                         # if at <= %13 goto else10
    ld a6, 40(a5)                            # at = cpu.last
102:
101:
    li t0, 4                                 # check at < 4, or IndexError
    bgeu a6, t0, 103b                        # check at < 4, or IndexError
    slli t0, a6, 3                           # cpu.counts[at] += 1    # commit
    add t0, t0, a5                           # cpu.counts[at] += 1    # commit
    ld a7, 48(t0)                            # cpu.counts[at] += 1    # commit
    addi a7, a7, 1                           # cpu.counts[at] += 1    # commit
    sd a7, 48(t0)                            # cpu.counts[at] += 1    # commit
3:
# bytes: 76 in the section, 152 in all
