# add_to_first(cpu: Head, n: i64) -> bool:
#     first = cpu.first
#     if first != None goto else1
#     return False
#   else1:
#     first.value += n
#     return True
#
# loongarch64, lanes by cpu_id: 13 instructions and 6 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, n $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li.d $a6, 0                              # %result = False
    b 3f                                     # %result = False
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
    ld.d $a7, $a5, 0                         # first = cpu.first
    beqz $a7, 102b                           # if first == None goto exit0
    li.d $a6, 1                              # %result = True
    ld.d $t0, $a7, 8                         # first.value += n    # commit
    add.d $t0, $t0, $a4                      # first.value += n    # commit
    st.d $t0, $a7, 8                         # first.value += n    # commit
3:
# bytes: 44 in the section, 120 in all
