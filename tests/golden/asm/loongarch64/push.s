# push(cpu: Items, value: i64) -> bool:
#     n = cpu.count
#     if n != 64 goto else1
#     return False
#   else1:
#     check n < 64, or IndexError
#     cpu.slots[n] = value
#     %4 = n + 1
#     cpu.count = %4
#     return True
#
# loongarch64, lanes by cpu_id: 18 instructions and 8 cold
# registers: status $a5, result $a6, temporary $a7, area $a0, base $a1, stride $a2, lanes $a3, value $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li.d $a6, 0                              # %result = False
    b 3f                                     # %result = False
104:                                         # cpu.slots: index out of range
    li.d $a5, -16                            # cpu.slots: index out of range
    b 3f                                     # cpu.slots: index out of range
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
    ld.d $a7, $a5, 0                         # n = cpu.count
    li.d $a6, 64                             # %constant1 = 64
    bne $a7, $a6, 103f                       # if n == %constant1 goto exit0
    b 102b                                   # if n == %constant1 goto exit0
103:
    sltui $a6, $a7, 64                       # check n < 64, or IndexError
    beqz $a6, 104b                           # check n < 64, or IndexError
    alsl.d $a6, $a7, $a5, 3                  # cpu.slots[n] = value
    st.d $a4, $a6, 8                         # cpu.slots[n] = value
    addi.d $a7, $a7, 1                       # %4 = n + 1
    li.d $a6, 1                              # %result = True
    st.d $a7, $a5, 0                         # cpu.count = %4    # commit
3:
# bytes: 64 in the section, 152 in all
