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
# riscv64, lanes by cpu_id: 30 instructions and 4 cold
# registers: status a4, result a5, temporary a6, temporary a7, area a0, base a1, stride a2, lanes a3, x fa0, y fa1

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a4, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a4, 77b                              # restart
    sd a4, 8(a0)                             # restart
2:                                           # restart
    lw a4, 4(a0)                             # this CPU's lane
    bgeu a4, a3, 9b                          # this CPU's lane
    mul a4, a4, a2                           # this CPU's lane
    add a4, a4, a1                           # this CPU's lane
    flt.d a5, fa0, fa1                       # if x < y goto else1
    bnez a5, 101f                            # if x < y goto else1
    feq.d a5, fa0, fa1                       # if x == y goto else1
    bnez a5, 101f                            # if x == y goto else1
    li a6, 0                                 # %5 = False
    feq.d a5, fa0, fa1                       # if x == y goto decided7
    bnez a5, 102f                            # if x == y goto decided7
    fle.d a5, fa1, fa0                       # if x >= y goto holds10
    bnez a5, 103f                            # if x >= y goto holds10
    j 104f                                   # goto known6
103:
102:
    li a6, 1                                 # %5 = True
104:
    li a5, 0                                 # %11 = False
    flt.d a7, fa1, fa0                       # if x > y goto holds14.10
    bnez a7, 105f                            # if x > y goto holds14.10
    j 106f                                   # goto known12.10
105:
    li a5, 1                                 # %11 = True
106:
    j 107f                                   # goto commit
101:
    li a5, 0                                 # %11 = False
    flt.d a6, fa1, fa0                       # if x > y goto holds14
    bnez a6, 108f                            # if x > y goto holds14
    j 109f                                   # goto known12
108:
    li a5, 1                                 # %11 = True
109:
    j 3f                                     # goto end
107:
    sb a6, 36(a4)                            # cpu.is_set = %5    # commit
3:
# bytes: 78 in the section, 152 in all
