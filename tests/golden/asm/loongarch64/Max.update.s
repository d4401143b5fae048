# update_max(cpu: Extreme, x: f64):
#     %4 = cpu.value
#     if x > %4 goto holds5
#     goto else1
#   holds5:
#     cpu.value = x
#     goto endif2
#   else1:
#     if x != -inf goto else6
#     cpu.touched = 1.0
#   else6:
#   endif2:
#     return
#
# loongarch64, lanes by cpu_id: 24 instructions and 4 cold
# registers: status $a4, temporary $fa1, temporary $a5, temporary $fa2, temporary $a6, area $a0, base $a1, stride $a2, lanes $a3, x $fa0

    .subsection 1
    .balign 8                                # %constant1 = -inf
105:                                         # %constant1 = -inf
    .byte 0, 0, 0, 0, 0, 0, 240, 255         # %constant1 = -inf
    .balign 8                                # %commit = 1.0
107:                                         # %commit = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %commit = 1.0
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
    fld.d $fa1, $a4, 0                       # %4 = cpu.value
    fcmp.clt.d $fcc0, $fa1, $fa0             # if x > %4 goto holds5
    bcnez $fcc0, 102f                        # if x > %4 goto holds5
    b 103f                                   # goto else1
102:
    addi.d $a5, $a4, 0                       # %commit.at = address of cpu.value
    fmov.d $fa1, $fa0                        # %commit = x
    b 104f                                   # goto commit
103:
    la.pcrel $a6, 105b                       # %constant1 = -inf
    fld.d $fa2, $a6, 0                       # %constant1 = -inf
    fcmp.cune.d $fcc0, $fa0, $fa2            # if x != %constant1 goto else6
    bcnez $fcc0, 106f                        # if x != %constant1 goto else6
    addi.d $a5, $a4, 8                       # %commit.at = address of cpu.touched
    la.pcrel $a6, 107b                       # %commit = 1.0
    fld.d $fa1, $a6, 0                       # %commit = 1.0
    b 104f                                   # goto commit
106:
    b 3f                                     # goto end
104:
    fst.d $fa1, $a5, 0                       # cpu.value or cpu.touched = %commit    # commit
3:
# bytes: 96 in the section, 184 in all
