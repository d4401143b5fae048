# push(cpu: Lane, row: u32) -> bool:
#     n = cpu.cached
#     if n < 4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.hints[n] = row
#     %4 = n + 1
#     cpu.cached = %4
#     return True
#
# loongarch64, lanes by cpu_id: 18 instructions and 8 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, row $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li.d $a6, 0                              # %result = False
    b 3f                                     # %result = False
104:                                         # cpu.hints: index out of range
    li.d $a5, -16                            # cpu.hints: index out of range
    b 3f                                     # cpu.hints: index out of range
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
    ld.d $a7, $a5, 88                        # n = cpu.cached
    li.d $t0, 4                              # %constant1 = 4
    bltu $a7, $t0, 103f                      # if n >= %constant1 goto exit0
    b 102b                                   # if n >= %constant1 goto exit0
103:
    sltui $t0, $a7, 4                        # check n < 4, or IndexError
    beqz $t0, 104b                           # check n < 4, or IndexError
    alsl.d $t0, $a7, $a5, 2                  # cpu.hints[n] = row
    st.w $a4, $t0, 96                        # cpu.hints[n] = row
    addi.d $t0, $a7, 1                       # %4 = n + 1
    li.d $a6, 1                              # %result = True
    st.d $t0, $a5, 88                        # cpu.cached = %4    # commit
3:
# bytes: 64 in the section, 152 in all
