# start(cpu: Lane) -> u64:
#     here = cpu.cursor
#     %1 = cpu.batch
#     %2 = here + %1
#     following = %2
#     %6 = cpu.count
#     if following < %6 goto else3
#     following = 0
#   else3:
#     cpu.cursor = following
#     return here
#
# loongarch64, lanes by cpu_id: 15 instructions and 4 cold
# registers: status $a4, result $a5, temporary $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a4, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
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
    ld.d $a6, $a4, 80                        # here = cpu.cursor
    ld.d $a7, $a4, 8                         # %1 = cpu.batch
    add.d $t0, $a6, $a7                      # following = here + %1
    ld.d $a7, $a4, 0                         # %6 = cpu.count
    bltu $t0, $a7, 102f                      # if following < %6 goto else3
    li.d $t0, 0                              # following = 0
102:
    move $a5, $a6                            # %result = here
    st.d $t0, $a4, 80                        # cpu.cursor = following    # commit
3:
# bytes: 52 in the section, 120 in all
