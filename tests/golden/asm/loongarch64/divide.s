# divide(cpu: Numbers, n: i64) -> i64:
#     %1 = n // 10
#     cpu.least = %1
#     %2 = n % 16
#     return %2
#
# loongarch64, lanes by cpu_id: 16 instructions and 4 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, n $a4

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
    li.d $a6, 10                             # %constant1 = 10
    div.d $a7, $a4, $a6                      # %quotient0 = n quo %constant1
    li.d $a6, 10                             # %constant2 = 10
    mul.d $t0, $a7, $a6                      # %rest0 = %quotient0 * %constant2
    sub.d $a6, $a4, $t0                      # %rest0 = n - %rest0
    bge $a6, $zero, 102f                     # if %rest0 >= 0 goto exact0
    addi.d $a7, $a7, -1                      # %quotient0 = %quotient0 - 1
102:
    andi $a6, $a4, 15                        # %result = n & 15
    st.d $a7, $a5, 0                         # cpu.least = %1    # commit
3:
# bytes: 56 in the section, 120 in all
