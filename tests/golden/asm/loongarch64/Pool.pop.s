# pop(cpu: Lane) -> u32 | None:
#     n = cpu.cached
#     if n != 0 goto else1
#     return
#   else1:
#     top = n - 1
#     check top < 4, or IndexError
#     row = cpu.hints[top]
#     cpu.cached = top
#     return row
#
# loongarch64, lanes by cpu_id: 15 instructions and 8 cold
# registers: status $a4, result $a5, temporary $a6, temporary $a7, area $a0, base $a1, stride $a2, lanes $a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a4, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # return None
    li.d $a4, -3                             # return None
    b 3f                                     # return None
103:                                         # cpu.hints: index out of range
    li.d $a4, -16                            # cpu.hints: index out of range
    b 3f                                     # cpu.hints: index out of range
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
    ld.d $a6, $a4, 88                        # n = cpu.cached
    beqz $a6, 102b                           # if n == 0 goto nothing
    addi.d $a6, $a6, -1                      # top = n - 1
    sltui $a7, $a6, 4                        # check top < 4, or IndexError
    beqz $a7, 103b                           # check top < 4, or IndexError
    alsl.d $a7, $a6, $a4, 2                  # %result = cpu.hints[top]
    ld.wu $a5, $a7, 96                       # %result = cpu.hints[top]
    st.d $a6, $a4, 88                        # cpu.cached = top    # commit
3:
# bytes: 52 in the section, 152 in all
