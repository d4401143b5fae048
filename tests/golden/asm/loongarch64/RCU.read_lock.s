# read_lock(cpu: Readers) -> i64:
#     phase = cpu.phase
#     check phase < 2, or IndexError
#     cpu.begun[phase] += 1
#     return phase
#
# loongarch64, lanes by cpu_id: 15 instructions and 6 cold
# registers: status $a4, result $a5, temporary $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a4, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # cpu.begun: index out of range
    li.d $a4, -16                            # cpu.begun: index out of range
    b 3f                                     # cpu.begun: index out of range
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
    ld.d $a6, $a4, 0                         # phase = cpu.phase
    sltui $a7, $a6, 2                        # check phase < 2, or IndexError
    beqz $a7, 102b                           # check phase < 2, or IndexError
    move $a5, $a6                            # %result = phase
    alsl.d $t0, $a6, $a4, 3                  # cpu.begun[phase] += 1    # commit
    ld.d $a7, $t0, 8                         # cpu.begun[phase] += 1    # commit
    addi.d $a7, $a7, 1                       # cpu.begun[phase] += 1    # commit
    st.d $a7, $t0, 8                         # cpu.begun[phase] += 1    # commit
3:
# bytes: 52 in the section, 152 in all
