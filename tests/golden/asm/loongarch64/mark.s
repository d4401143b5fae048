# mark(cpu: Chosen, Small.rows: u64, Small.length: u64) -> u8:
#     %1 = cpu.small
#     %2 = %1 - 1
#     check %2 < Small.length, or IndexError
#     %3 = u64(%2)
#     %4 = %3 * 3
#     %5 = address of the row cpu.small
#     low = cpu.small.low
#     %6 = cpu.small
#     %7 = %6 - 1
#     check %7 < Small.length, or IndexError
#     %8 = u64(%7)
#     %9 = %8 * 3
#     %10 = address of the row cpu.small
#     cpu.small.marked = True
#     return low
#
# loongarch64, lanes by cpu_id: 29 instructions and 8 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, Small.rows $a4, Small.length $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # Small: index out of range
    li.d $a6, -16                            # Small: index out of range
    b 3f                                     # Small: index out of range
103:                                         # Small: index out of range
    li.d $a6, -17                            # Small: index out of range
    b 3f                                     # Small: index out of range
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
    ld.wu $t0, $a6, 0                        # %1 = cpu.small
    addi.w $t0, $t0, -1                      # %2 = %1 - 1
    bstrpick.d $t0, $t0, 31, 0               # %2 = %1 - 1
    sltu $t1, $t0, $a5                       # check %2 < Small.length, or IndexError
    beqz $t1, 102b                           # check %2 < Small.length, or IndexError
    move $t1, $t0                            # %3 = u64(%2)
    li.d $t0, 3                              # %constant1 = 3
    mul.d $t1, $t1, $t0                      # %4 = %3 * %constant1
    add.d $t0, $t1, $a4                      # %5 = address of the row cpu.small
    ld.bu $t1, $t0, 0                        # low = cpu.small.low
    ld.wu $t0, $a6, 0                        # %6 = cpu.small
    addi.w $t0, $t0, -1                      # %7 = %6 - 1
    bstrpick.d $t0, $t0, 31, 0               # %7 = %6 - 1
    sltu $t2, $t0, $a5                       # check %7 < Small.length, or IndexError
    beqz $t2, 103b                           # check %7 < Small.length, or IndexError
    move $t2, $t0                            # %8 = u64(%7)
    li.d $t0, 3                              # %constant2 = 3
    mul.d $t2, $t2, $t0                      # %9 = %8 * %constant2
    add.d $t0, $t2, $a4                      # %10 = address of the row cpu.small
    move $a7, $t1                            # %result = low
    li.d $t2, 1                              # %constant3 = True
    st.b $t2, $t0, 2                         # cpu.small.marked = %constant3    # commit
3:
# bytes: 108 in the section, 216 in all
