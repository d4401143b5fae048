# unrolled(cpu: Numbers, key: i64) -> i64:
#     found = -1
#     %5 = cpu.table[i]
#     if %5 != key goto else2
#     found = 0
#     goto done1
#   else2:
#     %9 = cpu.table[i]
#     if %9 != key goto else6
#     found = 1
#     goto done1
#   else6:
#     %13 = cpu.table[i]
#     if %13 != key goto else10
#     found = 2
#     goto done1
#   else10:
#     %17 = cpu.table[i]
#     if %17 != key goto else14
#     found = 3
#     goto done1
#   else14:
#   done1:
#     return found
#
# riscv64, lanes by cpu_id: 23 instructions and 4 cold
# registers: status a5, result a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, key a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a5, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a5, 77b                              # restart
    sd a5, 8(a0)                             # restart
2:                                           # restart
    lw a5, 4(a0)                             # this CPU's lane
    bgeu a5, a3, 9b                          # this CPU's lane
    mul a5, a5, a2                           # this CPU's lane
    add a5, a5, a1                           # this CPU's lane
    li a7, -1                                # found = -1
    ld t0, 48(a5)                            # %5 = cpu.table[i]
    bne t0, a4, 101f                         # if %5 != key goto else2
    li a7, 0                                 # found = 0
    j 102f                                   # goto done1
101:
    ld t0, 56(a5)                            # %9 = cpu.table[i]
    bne t0, a4, 103f                         # if %9 != key goto else6
    li a7, 1                                 # found = 1
    j 102f                                   # goto done1
103:
    ld t0, 64(a5)                            # %13 = cpu.table[i]
    bne t0, a4, 104f                         # if %13 != key goto else10
    li a7, 2                                 # found = 2
    j 102f                                   # goto done1
104:
    ld t0, 72(a5)                            # %17 = cpu.table[i]
    bne t0, a4, 105f                         # if %17 != key goto else14
    li a7, 3                                 # found = 3
105:
102:
    mv a6, a7                                # %result = found
3:
# bytes: 62 in the section, 120 in all
