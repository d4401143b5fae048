# count_many(cpu: SortedBuckets, bucket: i64, n: i64):
#     check bucket < 4, or IndexError    # before the section
#     cpu.counts[bucket] += n
#     return
#
# loongarch64, lanes by cpu_id: 11 instructions and 4 cold
# registers: status $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, bucket $a4, n $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a6, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a6, 77b                        # restart
    st.d $a6, $a0, 8                         # restart
2:                                           # restart
    ld.w $a6, $a0, 4                         # this CPU's lane
    bltu $a6, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a6, $a6, $a2                      # this CPU's lane
    add.d $a6, $a6, $a1                      # this CPU's lane
    alsl.d $t0, $a4, $a6, 3                  # cpu.counts[bucket] += n    # commit
    ld.d $a7, $t0, 48                        # cpu.counts[bucket] += n    # commit
    add.d $a7, $a7, $a5                      # cpu.counts[bucket] += n    # commit
    st.d $a7, $t0, 48                        # cpu.counts[bucket] += n    # commit
3:
# bytes: 36 in the section, 120 in all
