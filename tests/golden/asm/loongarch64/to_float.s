# to_float(cpu: Numbers, n: u64) -> f64:
#     x = f64(n)
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return x
#
# loongarch64, lanes by cpu_id: 20 instructions and 4 cold
# registers: status $a5, result $fa0, temporary $fa1, temporary $a6, temporary $a7, temporary $fa2, area $a0, base $a1, stride $a2, lanes $a3, n $a4

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
    movgr2fr.d $fa1, $a4                     # x = f64(n)
    ffint.d.l $fa1, $fa1                     # x = f64(n)
    bgez $a4, 102f                           # x = f64(n)
    srli.d $a6, $a4, 1                       # x = f64(n)
    andi $a7, $a4, 1                         # x = f64(n)
    or $a6, $a6, $a7                         # x = f64(n)
    movgr2fr.d $fa1, $a6                     # x = f64(n)
    ffint.d.l $fa1, $fa1                     # x = f64(n)
    fadd.d $fa1, $fa1, $fa1                  # x = f64(n)
102:
    fld.d $fa2, $a5, 16                      # %1 = cpu.sum
    fadd.d $fa2, $fa2, $fa1                  # %2 = %1 + x
    fmov.d $fa0, $fa1                        # %result = x
    fst.d $fa2, $a5, 16                      # cpu.sum = %2    # commit
3:
# bytes: 72 in the section, 152 in all
