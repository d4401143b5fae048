# compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
#     if x < y goto else1
#     if x == y goto else1
#     %5 = False
#     if x == y goto decided7
#     if x >= y goto holds10
#     goto known6
#   holds10:
#   decided7:
#     %5 = True
#   known6:
#     cpu.is_set = %5
#   else1:
#     %11 = False
#     if x > y goto holds14
#     goto known12
#   holds14:
#     %11 = True
#   known12:
#     return %11
#
# loongarch64, lanes by cpu_id: 31 instructions and 4 cold
# registers: status $a4, result $a5, temporary $a6, area $a0, base $a1, stride $a2, lanes $a3, x $fa0, y $fa1

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
    fcmp.clt.d $fcc0, $fa0, $fa1             # if x < y goto else1
    bcnez $fcc0, 102f                        # if x < y goto else1
    fcmp.ceq.d $fcc0, $fa0, $fa1             # if x == y goto else1
    bcnez $fcc0, 102f                        # if x == y goto else1
    li.d $a6, 0                              # %5 = False
    fcmp.ceq.d $fcc0, $fa0, $fa1             # if x == y goto decided7
    bcnez $fcc0, 103f                        # if x == y goto decided7
    fcmp.cle.d $fcc0, $fa1, $fa0             # if x >= y goto holds10
    bcnez $fcc0, 104f                        # if x >= y goto holds10
    b 105f                                   # goto known6
104:
103:
    li.d $a6, 1                              # %5 = True
105:
    li.d $a5, 0                              # %11 = False
    fcmp.clt.d $fcc0, $fa1, $fa0             # if x > y goto holds14.10
    bcnez $fcc0, 106f                        # if x > y goto holds14.10
    b 107f                                   # goto known12.10
106:
    li.d $a5, 1                              # %11 = True
107:
    b 108f                                   # goto commit
102:
    li.d $a5, 0                              # %11 = False
    fcmp.clt.d $fcc0, $fa1, $fa0             # if x > y goto holds14
    bcnez $fcc0, 109f                        # if x > y goto holds14
    b 110f                                   # goto known12
109:
    li.d $a5, 1                              # %11 = True
110:
    b 3f                                     # goto end
108:
    st.b $a6, $a4, 36                        # cpu.is_set = %5    # commit
3:
# bytes: 116 in the section, 184 in all
