# pop(cpu: Items, missing: i64) -> i64:
#     n = cpu.count
#     if n != 0 goto else1
#     return missing
#   else1:
#     %4 = n - 1
#     check %4 < 64, or IndexError
#     value = cpu.slots[n - 1]
#     %5 = n - 1
#     cpu.count = %5
#     return value
#
# loongarch64, lanes by cpu_id: 19 instructions and 6 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, missing $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
103:                                         # cpu.slots: index out of range
    li.d $a5, -16                            # cpu.slots: index out of range
    b 3f                                     # cpu.slots: index out of range
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
    ld.d $a7, $a5, 0                         # n = cpu.count
    bnez $a7, 102f                           # if n != 0 goto else1
    move $a6, $a4                            # %result = missing
    b 3f                                     # goto end
102:
    addi.d $t0, $a7, -1                      # %4 = n - 1
    sltui $t1, $t0, 64                       # check %4 < 64, or IndexError
    beqz $t1, 103b                           # check %4 < 64, or IndexError
    alsl.d $t2, $t0, $a5, 3                  # value = cpu.slots[n - 1]
    ld.d $t1, $t2, 8                         # value = cpu.slots[n - 1]
    addi.d $t2, $a7, -1                      # %5 = n - 1
    move $a6, $t1                            # %result = value
    st.d $t2, $a5, 0                         # cpu.count = %5    # commit
3:
# bytes: 68 in the section, 152 in all
