# pop_entry(cpu: List, Entry.rows: u64, Entry.length: u64) -> index[Entry]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first - 1
#     check %4 < Entry.length, or IndexError
#     %5 = u64(%4)
#     %6 = %5 << 4
#     %7 = address of the row first
#     %8 = first.next
#     cpu.first = %8
#     return first
#
# loongarch64, lanes by cpu_id: 19 instructions and 8 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, Entry.rows $a4, Entry.length $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = None
    li.d $a7, 0                              # %result = None
    b 3f                                     # %result = None
103:                                         # Entry: index out of range
    li.d $a6, -16                            # Entry: index out of range
    b 3f                                     # Entry: index out of range
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
    ld.wu $t0, $a6, 0                        # first = cpu.first
    beqz $t0, 102b                           # if first == None goto exit0
    addi.w $t1, $t0, -1                      # %4 = first - 1
    bstrpick.d $t1, $t1, 31, 0               # %4 = first - 1
    sltu $t2, $t1, $a5                       # check %4 < Entry.length, or IndexError
    beqz $t2, 103b                           # check %4 < Entry.length, or IndexError
    move $t2, $t1                            # %5 = u64(%4)
    slli.d $t1, $t2, 4                       # %6 = %5 << 4
    add.d $t2, $t1, $a4                      # %7 = address of the row first
    ld.wu $t1, $t2, 0                        # %8 = first.next
    move $a7, $t0                            # %result = first
    st.w $t1, $a6, 0                         # cpu.first = %8    # commit
3:
# bytes: 68 in the section, 152 in all
