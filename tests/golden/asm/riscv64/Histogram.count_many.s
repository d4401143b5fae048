# count_many(cpu: SortedBuckets, bucket: i64, n: i64):
#     check bucket < 4, or IndexError    # before the section
#     cpu.counts[bucket] += n
#     return
#
# riscv64, lanes by cpu_id: 11 instructions and 4 cold
# registers: status a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, bucket a4, n a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a6, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a6, 77b                              # restart
    sd a6, 8(a0)                             # restart
2:                                           # restart
    lw a6, 4(a0)                             # this CPU's lane
    bgeu a6, a3, 9b                          # this CPU's lane
    mul a6, a6, a2                           # this CPU's lane
    add a6, a6, a1                           # this CPU's lane
    slli t0, a4, 3                           # cpu.counts[bucket] += n    # commit
    add t0, t0, a6                           # cpu.counts[bucket] += n    # commit
    ld a7, 48(t0)                            # cpu.counts[bucket] += n    # commit
    add a7, a7, a5                           # cpu.counts[bucket] += n    # commit
    sd a7, 48(t0)                            # cpu.counts[bucket] += n    # commit
3:
# bytes: 30 in the section, 88 in all
