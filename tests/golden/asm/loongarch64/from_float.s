# from_float(cpu: Numbers, x: f64) -> u64:
#     cpu.sum = x
#     %1 = u64(x)
#     return %1
#
# loongarch64, lanes by cpu_id: 22 instructions and 4 cold
# registers: status $a4, result $a5, temporary $a6, temporary $fa1, area $a0, base $a1, stride $a2, lanes $a3, x $fa0

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
    li.d $a6, 4890909195324358656            # %result = u64(x)
    movgr2fr.d $fa1, $a6                     # %result = u64(x)
    fcmp.cle.d $fcc0, $fa1, $fa0             # %result = u64(x)
    bceqz $fcc0, 102f                        # %result = u64(x)
    fsub.d $fa1, $fa0, $fa1                  # %result = u64(x)
    ftintrz.l.d $fa1, $fa1                   # %result = u64(x)
    movfr2gr.d $a5, $fa1                     # %result = u64(x)
    li.d $a6, -9223372036854775808           # %result = u64(x)
    or $a5, $a5, $a6                         # %result = u64(x)
    b 103f                                   # %result = u64(x)
102:
    ftintrz.l.d $fa1, $fa0                   # %result = u64(x)
    movfr2gr.d $a5, $fa1                     # %result = u64(x)
    slt $a6, $a5, $zero                      # %result = u64(x)
    masknez $a5, $a5, $a6                    # %result = u64(x)
103:
    fst.d $fa0, $a4, 16                      # cpu.sum = x    # commit
3:
# bytes: 80 in the section, 152 in all
