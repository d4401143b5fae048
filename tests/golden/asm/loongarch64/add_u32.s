# add(cpu: Cell, n: u32):
#     cpu.value += n
#     return
#
# loongarch64, lanes by cpu_id: 10 instructions and 4 cold
# registers: status $a5, temporary $a6, area $a0, base $a1, stride $a2, lanes $a3, n $a4

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
    ld.w $a6, $a5, 0                         # cpu.value += n    # commit
    add.d $a6, $a6, $a4                      # cpu.value += n    # commit
    st.w $a6, $a5, 0                         # cpu.value += n    # commit
3:
# bytes: 32 in the section, 120 in all
