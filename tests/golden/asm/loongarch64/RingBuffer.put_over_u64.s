# put(cpu: Rows, data: u64) -> bool:
#     head = cpu.head
#     goto else1
#   else1:
#     %5 = head & 3
#     %6 = clock()
#     cpu.stamps[head & last] = %6
#     %9 = head & 3
#     cpu.data[head & last] = data
#     %10 = head + 1
#     cpu.head = %10
#     return True
#
# loongarch64, lanes by cpu_id: 19 instructions and 4 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, data $a4

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
    ld.d $a7, $a5, 0                         # head = cpu.head
    andi $t0, $a7, 3                         # %5 = head & 3
    rdtime.d $t1, $zero                      # %6 = clock()
    alsl.d $t2, $t0, $a5, 3                  # cpu.stamps[head & last] = %6
    st.d $t1, $t2, 216                       # cpu.stamps[head & last] = %6
    andi $t2, $a7, 3                         # %9 = head & 3
    alsl.d $t0, $t2, $a5, 3                  # cpu.data[head & last] = data
    st.d $a4, $t0, 184                       # cpu.data[head & last] = data
    addi.d $t1, $a7, 1                       # %10 = head + 1
    li.d $a6, 1                              # %result = True
    dbar 0x12                                # cpu.head = %10    # commit
    st.d $t1, $a5, 0                         # cpu.head = %10    # commit
3:
# bytes: 68 in the section, 152 in all
