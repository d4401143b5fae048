# take(cpu: Lock, me: u64) -> i32 | None:
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     return
#   else1:
#     cpu.owner = me
#     %5 = cpu_number()
#     return %5
#
# loongarch64, lanes by cpu_id: 13 instructions and 6 cold
# registers: status $a5, result $a6, temporary $a7, area $a0, base $a1, stride $a2, lanes $a3, me $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # return None
    li.d $a5, -3                             # return None
    b 3f                                     # return None
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
    move $a6, $a5                            # this CPU's lane
    mul.d $a5, $a5, $a2                      # this CPU's lane
    add.d $a5, $a5, $a1                      # this CPU's lane
    ld.d $a7, $a5, 0                         # %4 = cpu.owner
    bnez $a7, 102b                           # if %4 != 0 goto nothing
    dbar 0x12                                # cpu.owner = me    # commit
    st.d $a4, $a5, 0                         # cpu.owner = me    # commit
3:
    dbar 0x14                                # acquire
# bytes: 40 in the section, 120 in all
