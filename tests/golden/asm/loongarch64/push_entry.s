# push_entry(cpu: List, entry: index[Entry], value: i64, Entry.rows: u64, Entry.length: u64):
#     %1 = entry - 1
#     check %1 < Entry.length, or IndexError
#     %2 = u64(%1)
#     %3 = %2 << 4
#     %4 = address of the row entry
#     %5 = cpu.first
#     entry.next = %5
#     entry.value = value
#     cpu.first = entry
#     return
#
# loongarch64, lanes by cpu_id: 18 instructions and 6 cold
# registers: status $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, entry $a4, value $a5, Entry.rows $a6, Entry.length $a7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $t0, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # Entry: index out of range
    li.d $t0, -16                            # Entry: index out of range
    b 3f                                     # Entry: index out of range
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $t0, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $t0, 77b                        # restart
    st.d $t0, $a0, 8                         # restart
2:                                           # restart
    ld.w $t0, $a0, 4                         # this CPU's lane
    bltu $t0, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $t0, $t0, $a2                      # this CPU's lane
    add.d $t0, $t0, $a1                      # this CPU's lane
    addi.w $t1, $a4, -1                      # %1 = entry - 1
    bstrpick.d $t1, $t1, 31, 0               # %1 = entry - 1
    sltu $t2, $t1, $a7                       # check %1 < Entry.length, or IndexError
    beqz $t2, 102b                           # check %1 < Entry.length, or IndexError
    move $t2, $t1                            # %2 = u64(%1)
    slli.d $t1, $t2, 4                       # %3 = %2 << 4
    add.d $t2, $t1, $a6                      # %4 = address of the row entry
    ld.wu $t1, $t0, 0                        # %5 = cpu.first
    st.w $t1, $t2, 0                         # entry.next = %5
    st.d $a5, $t2, 8                         # entry.value = value
    st.w $a4, $t0, 0                         # cpu.first = entry    # commit
3:
# bytes: 64 in the section, 152 in all
