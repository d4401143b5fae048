# mean(cpu: Numbers, x: f64, weight: f64) -> f64:
#     %1 = cpu.sum
#     %2 = 1.0 - weight
#     %3 = %1 * %2
#     %4 = x * weight
#     average = %3 + %4
#     cpu.sum = average
#     %5 = average / 2.0
#     return %5
#
# loongarch64, lanes by cpu_id: 18 instructions and 4 cold
# registers: status $a4, result $fa2, temporary $fa3, temporary $fa4, temporary $a5, area $a0, base $a1, stride $a2, lanes $a3, x $fa0, weight $fa1

    .subsection 1
    .balign 8                                # %constant1 = 1.0
102:                                         # %constant1 = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %constant1 = 1.0
    .balign 8                                # %constant2 = 2.0
103:                                         # %constant2 = 2.0
    .byte 0, 0, 0, 0, 0, 0, 0, 64            # %constant2 = 2.0
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
    fld.d $fa3, $a4, 16                      # %1 = cpu.sum
    la.pcrel $a5, 102b                       # %constant1 = 1.0
    fld.d $fa4, $a5, 0                       # %constant1 = 1.0
    fsub.d $fa4, $fa4, $fa1                  # %2 = %constant1 - weight
    fmul.d $fa3, $fa3, $fa4                  # %3 = %1 * %2
    fmul.d $fa4, $fa0, $fa1                  # %4 = x * weight
    fadd.d $fa3, $fa3, $fa4                  # average = %3 + %4
    la.pcrel $a5, 103b                       # %constant2 = 2.0
    fld.d $fa4, $a5, 0                       # %constant2 = 2.0
    fdiv.d $fa2, $fa3, $fa4                  # %result = average / %constant2
    fst.d $fa3, $a4, 16                      # cpu.sum = average    # commit
3:
# bytes: 72 in the section, 184 in all
