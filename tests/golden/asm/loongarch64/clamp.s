# clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
#     if n >= low goto else1
#     cpu.most = low
#     goto endif2
#   else1:
#     if n <= high goto else4
#     cpu.most = high
#     goto endif5
#   else4:
#     cpu.most = n
#   endif5:
#   endif2:
#     %7 = n - low
#     return %7
#
# loongarch64, lanes by cpu_id: 19 instructions and 4 cold
# registers: status $a7, result $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, n $a4, low $a5, high $a6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a7, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a7, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a7, 77b                        # restart
    st.d $a7, $a0, 8                         # restart
2:                                           # restart
    ld.w $a7, $a0, 4                         # this CPU's lane
    bltu $a7, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a7, $a7, $a2                      # this CPU's lane
    add.d $a7, $a7, $a1                      # this CPU's lane
    bge $a4, $a5, 102f                       # if n >= low goto else1
    sub.d $t1, $a4, $a5                      # %7 = n - low
    move $t2, $a5                            # %commit = low
    b 103f                                   # goto commit
102:
    bge $a6, $a4, 104f                       # if n <= high goto else4
    sub.d $t1, $a4, $a5                      # %7 = n - low
    move $t2, $a6                            # %commit = high
    b 103f                                   # goto commit
104:
    sub.d $t1, $a4, $a5                      # %7 = n - low
    move $t2, $a4                            # %commit = n
103:
    move $t0, $t1                            # %result = %7
    st.d $t2, $a7, 8                         # cpu.most = %commit    # commit
3:
# bytes: 68 in the section, 152 in all
