# pop_node(cpu: Head) -> ptr[Node]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first.next
#     cpu.first = %4
#     return first
#
# loongarch64, lanes by cpu_id: 11 instructions and 6 cold
# registers: status $a4, result $a5, temporary $a6, area $a0, base $a1, stride $a2, lanes $a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a4, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = None
    li.d $a5, 0                              # %result = None
    b 3f                                     # %result = None
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a4, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a4, 77b                        # restart
    st.d $a4, $a0, 8                         # restart
2:                                           # restart
    ld.w $a4, $a0, 4                         # this CPU's lane
    bltu $a4, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a4, $a4, $a2                      # this CPU's lane
    add.d $a4, $a4, $a1                      # this CPU's lane
    ld.d $a5, $a4, 0                         # first = cpu.first
    beqz $a5, 102b                           # if first == None goto exit0
    ld.d $a6, $a5, 0                         # %4 = first.next
    st.d $a6, $a4, 0                         # cpu.first = %4    # commit
3:
# bytes: 36 in the section, 120 in all
