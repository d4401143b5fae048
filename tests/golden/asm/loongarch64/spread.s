# spread(cpu: Numbers, n: i64):
#     %4 = cpu.least
#     if n >= %4 goto else1
#     cpu.least = n
#     goto endif2
#   else1:
#     %8 = cpu.most
#     if n <= %8 goto else5
#     cpu.most = n
#   else5:
#   endif2:
#     return
#
# loongarch64, lanes by cpu_id: 17 instructions and 4 cold
# registers: status $a5, temporary $a6, temporary $a7, area $a0, base $a1, stride $a2, lanes $a3, n $a4

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
    ld.d $a6, $a5, 0                         # %4 = cpu.least
    bge $a4, $a6, 102f                       # if n >= %4 goto else1
    addi.d $a6, $a5, 0                       # %commit.at = address of cpu.least
    b 103f                                   # goto commit
102:
    ld.d $a7, $a5, 8                         # %8 = cpu.most
    bge $a7, $a4, 104f                       # if n <= %8 goto else5
    addi.d $a6, $a5, 8                       # %commit.at = address of cpu.most
    b 103f                                   # goto commit
104:
    b 3f                                     # goto end
103:
    st.d $a4, $a6, 0                         # cpu.least or cpu.most = n    # commit
3:
# bytes: 60 in the section, 152 in all
