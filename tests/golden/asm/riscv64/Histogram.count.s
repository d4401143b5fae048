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
# riscv64, lanes by cpu_id: 36 instructions and 10 cold
# registers: status a4, temporary a5, temporary a6, temporary a7, temporary fa1, area a0, base a1, stride a2, lanes a3, x fa0

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # cpu.bounds: index out of range
    li a4, -16                               # cpu.bounds: index out of range
    j 3f                                     # cpu.bounds: index out of range
104:                                         # cpu.bounds: index out of range
    li a4, -17                               # cpu.bounds: index out of range
    j 3f                                     # cpu.bounds: index out of range
107:                                         # cpu.counts: index out of range
    li a4, -18                               # cpu.counts: index out of range
    j 3f                                     # cpu.counts: index out of range
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
    li a5, 0                                 # at = 0
    addi a6, a5, 1                           # %5 = at + 1
    li a7, 4                                 # check %5 < 4, or IndexError
    bgeu a6, a7, 101b                        # check %5 < 4, or IndexError
    slli a7, a6, 3                           # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    add a7, a7, a4                           # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fld fa1, 16(a7)                          # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    flt.d a7, fa1, fa0                       # if %6 < x goto holds7
    bnez a7, 102f                            # if %6 < x goto holds7
    j 103f                                   # goto else2
102:
    addi a6, a5, 2                           # %8 = at + 2
    mv a5, a6                                # at = %8
103:
    addi a7, a5, 0                           # %12 = at + 0
    li a6, 4                                 # check %12 < 4, or IndexError
    bgeu a7, a6, 104b                        # check %12 < 4, or IndexError
    slli a6, a7, 3                           # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    add a6, a6, a4                           # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fld fa1, 16(a6)                          # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    flt.d a6, fa1, fa0                       # if %13 < x goto holds14
    bnez a6, 105f                            # if %13 < x goto holds14
    j 106f                                   # goto else9
105:
    addi a7, a5, 1                           # %15 = at + 1
    mv a5, a7                                # at = %15
106:
    li a6, 4                                 # check at < 4, or IndexError
    bgeu a5, a6, 107b                        # check at < 4, or IndexError
    slli a6, a5, 3                           # cpu.counts[at] += 1    # commit
    add a6, a6, a4                           # cpu.counts[at] += 1    # commit
    ld a7, 48(a6)                            # cpu.counts[at] += 1    # commit
    addi a7, a7, 1                           # cpu.counts[at] += 1    # commit
    sd a7, 48(a6)                            # cpu.counts[at] += 1    # commit
3:
# bytes: 106 in the section, 184 in all
