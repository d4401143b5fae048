# unrolled(cpu: Numbers, key: i64) -> i64:
#     found = -1
#     %5 = cpu.table[i]
#     if %5 != key goto else2
#     found = 0
#     goto done1
#   else2:
#     %9 = cpu.table[i]
#     if %9 != key goto else6
#     found = 1
#     goto done1
#   else6:
#     %13 = cpu.table[i]
#     if %13 != key goto else10
#     found = 2
#     goto done1
#   else10:
#     %17 = cpu.table[i]
#     if %17 != key goto else14
#     found = 3
#     goto done1
#   else14:
#   done1:
#     return found
#
# loongarch64, lanes by cpu_id: 24 instructions and 4 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, key $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
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
    li.d $a7, -1                             # found = -1
    ld.d $t0, $a5, 48                        # %5 = cpu.table[i]
    bne $t0, $a4, 102f                       # if %5 != key goto else2
    li.d $a7, 0                              # found = 0
    b 103f                                   # goto done1
102:
    ld.d $t0, $a5, 56                        # %9 = cpu.table[i]
    bne $t0, $a4, 104f                       # if %9 != key goto else6
    li.d $a7, 1                              # found = 1
    b 103f                                   # goto done1
104:
    ld.d $t0, $a5, 64                        # %13 = cpu.table[i]
    bne $t0, $a4, 105f                       # if %13 != key goto else10
    li.d $a7, 2                              # found = 2
    b 103f                                   # goto done1
105:
    ld.d $t0, $a5, 72                        # %17 = cpu.table[i]
    bne $t0, $a4, 106f                       # if %17 != key goto else14
    li.d $a7, 3                              # found = 3
106:
103:
    move $a6, $a7                            # %result = found
3:
# bytes: 88 in the section, 152 in all
