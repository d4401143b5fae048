# toggle(cpu: Numbers, bit: u32) -> bool:
#     flags = cpu.flags
#     mask = 1 << bit
#     %1 = flags ^ mask
#     cpu.flags = %1
#     %2 = False
#     %5 = flags & mask
#     if %5 == 0 goto known3
#     %2 = True
#   known3:
#     return %2
#
# loongarch64, lanes by cpu_id: 17 instructions and 4 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, area $a0, base $a1, stride $a2, lanes $a3, bit $a4

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
    ld.wu $a7, $a5, 28                       # flags = cpu.flags
    li.d $t0, 1                              # %constant1 = 1
    sll.w $t0, $t0, $a4                      # mask = %constant1 << bit
    bstrpick.d $t0, $t0, 31, 0               # mask = %constant1 << bit
    xor $t1, $a7, $t0                        # %1 = flags ^ mask
    li.d $a6, 0                              # %2 = False
    and $a7, $a7, $t0                        # %5 = flags & mask
    beqz $a7, 102f                           # if %5 == 0 goto known3.3
    li.d $a6, 1                              # %2 = True
102:
    st.w $t1, $a5, 28                        # cpu.flags = %1    # commit
3:
# bytes: 60 in the section, 152 in all
