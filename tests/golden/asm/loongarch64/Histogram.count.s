# count(cpu: SortedBuckets, x: f64):
#     at = 0
#     %5 = at + 1
#     check %5 < 4, or IndexError
#     %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %6 < x goto holds7
#     goto else2
#   holds7:
#     %8 = at + 2
#     at = %8
#   else2:
#     %12 = at + 0
#     check %12 < 4, or IndexError
#     %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %13 < x goto holds14
#     goto else9
#   holds14:
#     %15 = at + 1
#     at = %15
#   else9:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# loongarch64, lanes by cpu_id: 34 instructions and 10 cold
# registers: status $a4, temporary $a5, temporary $a6, temporary $a7, temporary $fa1, area $a0, base $a1, stride $a2, lanes $a3, x $fa0

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a4, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # cpu.bounds: index out of range
    li.d $a4, -16                            # cpu.bounds: index out of range
    b 3f                                     # cpu.bounds: index out of range
105:                                         # cpu.bounds: index out of range
    li.d $a4, -17                            # cpu.bounds: index out of range
    b 3f                                     # cpu.bounds: index out of range
108:                                         # cpu.counts: index out of range
    li.d $a4, -18                            # cpu.counts: index out of range
    b 3f                                     # cpu.counts: index out of range
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
    li.d $a5, 0                              # at = 0
    addi.d $a6, $a5, 1                       # %5 = at + 1
    sltui $a7, $a6, 4                        # check %5 < 4, or IndexError
    beqz $a7, 102b                           # check %5 < 4, or IndexError
    alsl.d $a7, $a6, $a4, 3                  # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fld.d $fa1, $a7, 16                      # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmp.clt.d $fcc0, $fa1, $fa0             # if %6 < x goto holds7
    bcnez $fcc0, 103f                        # if %6 < x goto holds7
    b 104f                                   # goto else2
103:
    addi.d $a7, $a5, 2                       # %8 = at + 2
    move $a5, $a7                            # at = %8
104:
    addi.d $a6, $a5, 0                       # %12 = at + 0
    sltui $a7, $a6, 4                        # check %12 < 4, or IndexError
    beqz $a7, 105b                           # check %12 < 4, or IndexError
    alsl.d $a7, $a6, $a4, 3                  # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fld.d $fa1, $a7, 16                      # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmp.clt.d $fcc0, $fa1, $fa0             # if %13 < x goto holds14
    bcnez $fcc0, 106f                        # if %13 < x goto holds14
    b 107f                                   # goto else9
106:
    addi.d $a7, $a5, 1                       # %15 = at + 1
    move $a5, $a7                            # at = %15
107:
    sltui $a6, $a5, 4                        # check at < 4, or IndexError
    beqz $a6, 108b                           # check at < 4, or IndexError
    alsl.d $a6, $a5, $a4, 3                  # cpu.counts[at] += 1    # commit
    ld.d $a7, $a6, 48                        # cpu.counts[at] += 1    # commit
    addi.d $a7, $a7, 1                       # cpu.counts[at] += 1    # commit
    st.d $a7, $a6, 48                        # cpu.counts[at] += 1    # commit
3:
# bytes: 128 in the section, 216 in all
