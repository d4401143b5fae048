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
# riscv64, lanes by cpu_id: 21 instructions and 4 cold
# registers: status a4, temporary fa1, temporary a5, temporary fa2, temporary a6, area a0, base a1, stride a2, lanes a3, x fa0

    .subsection 1
    .balign 8                                # %constant1 = -inf
104:                                         # %constant1 = -inf
    .byte 0, 0, 0, 0, 0, 0, 240, 255         # %constant1 = -inf
    .balign 8                                # %commit = 1.0
106:                                         # %commit = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %commit = 1.0
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
    fld fa1, 0(a4)                           # %4 = cpu.value
    flt.d a5, fa1, fa0                       # if x > %4 goto holds5
    bnez a5, 101f                            # if x > %4 goto holds5
    j 102f                                   # goto else1
101:
    addi a5, a4, 0                           # %commit.at = address of cpu.value
    fmv.d fa1, fa0                           # %commit = x
    j 103f                                   # goto commit
102:
    fld fa2, 104b, a6                        # %constant1 = -inf
    feq.d a6, fa0, fa2                       # if x != %constant1 goto else6
    beqz a6, 105f                            # if x != %constant1 goto else6
    addi a5, a4, 8                           # %commit.at = address of cpu.touched
    fld fa1, 106b, a6                        # %commit = 1.0
    j 103f                                   # goto commit
105:
    j 3f                                     # goto end
103:
    fsd fa1, 0(a5)                           # cpu.value or cpu.touched = %commit    # commit
3:
# bytes: 64 in the section, 152 in all
