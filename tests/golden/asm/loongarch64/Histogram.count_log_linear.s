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
# loongarch64, lanes by cpu_id: 24 instructions and 6 cold
# registers: status $a5, temporary $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, bits $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
104:                                         # cpu.counts: index out of range
    li.d $a5, -16                            # cpu.counts: index out of range
    b 3f                                     # cpu.counts: index out of range
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a5, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a5, 77b                        # restart
    st.d $a5, $a0, 8                         # restart
2:                                           # restart
    ld.w $a5, $a0, 4                         # this CPU's lane
    bltu $a5, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a5, $a5, $a2                      # this CPU's lane
    add.d $a5, $a5, $a1                      # this CPU's lane
    li.d $a6, 0                              # at = 0
    ld.d $a7, $a5, 16                        # %4 = cpu.lowest
    bge $a7, $a4, 102f                       # if bits <= %4 goto else1
    addi.d $a7, $a4, -1                      # %5 = bits - 1
    ld.d $t0, $a5, 24                        # %6 = cpu.shift
    sra.d $a7, $a7, $t0                      # %7 = %5 >> %6
    ld.d $t0, $a5, 32                        # %8 = cpu.before
    sub.d $a6, $a7, $t0                      # at = %7 - %8
    ld.d $a7, $a5, 40                        # %13 = cpu.last
    bge $a7, $a6, 103f                       # if at <= %13 goto else10
    ld.d $a6, $a5, 40                        # at = cpu.last
103:
102:
    sltui $t0, $a6, 4                        # check at < 4, or IndexError
    beqz $t0, 104b                           # check at < 4, or IndexError
    alsl.d $t0, $a6, $a5, 3                  # cpu.counts[at] += 1    # commit
    ld.d $a7, $t0, 48                        # cpu.counts[at] += 1    # commit
    addi.d $a7, $a7, 1                       # cpu.counts[at] += 1    # commit
    st.d $a7, $t0, 48                        # cpu.counts[at] += 1    # commit
3:
# bytes: 88 in the section, 184 in all
