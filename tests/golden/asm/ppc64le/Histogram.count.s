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
# ppc64le, lanes by cpu_id: 44 instructions and 10 cold
# registers: status %r7, temporary %r8, temporary %r9, temporary %f2, area %r3, base %r4, stride %r5, lanes %r6, x %f1

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r7, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # cpu.bounds: index out of range
    li %r7, -16                              # cpu.bounds: index out of range
    b 3f                                     # cpu.bounds: index out of range
106:                                         # cpu.bounds: index out of range
    li %r7, -17                              # cpu.bounds: index out of range
    b 3f                                     # cpu.bounds: index out of range
110:                                         # cpu.counts: index out of range
    li %r7, -18                              # cpu.counts: index out of range
    b 3f                                     # cpu.counts: index out of range
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r7, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r7                                 # restart
    addis %r7, %r7, (77b - . + 4)@ha         # restart
    addi %r7, %r7, (77b - . + 8)@l           # restart
    std %r7, 8(%r3)                          # restart
2:                                           # restart
    lwz %r7, 4(%r3)                          # this CPU's lane
    cmpld %r7, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r7, %r7, %r5                      # this CPU's lane
    add %r7, %r7, %r4                        # this CPU's lane
    li %r8, 0                                # at = 0
    addi %r9, %r8, 1                         # %5 = at + 1
    cmpldi %r9, 4                            # check %5 < 4, or IndexError
    blt 103f                                 # check %5 < 4, or IndexError
    b 102b                                   # check %5 < 4, or IndexError
103:                                         # check %5 < 4, or IndexError
    sldi %r0, %r9, 3                         # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    add %r11, %r7, %r0                       # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    lfd %f2, 16(%r11)                        # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmpu 0, %f2, %f1                        # if %6 < x goto holds7
    blt 104f                                 # if %6 < x goto holds7
    b 105f                                   # goto else2
104:
    addi %r9, %r8, 2                         # %8 = at + 2
    mr %r8, %r9                              # at = %8
105:
    addi %r9, %r8, 0                         # %12 = at + 0
    cmpldi %r9, 4                            # check %12 < 4, or IndexError
    blt 107f                                 # check %12 < 4, or IndexError
    b 106b                                   # check %12 < 4, or IndexError
107:                                         # check %12 < 4, or IndexError
    sldi %r0, %r9, 3                         # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    add %r11, %r7, %r0                       # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    lfd %f2, 16(%r11)                        # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmpu 0, %f2, %f1                        # if %13 < x goto holds14
    blt 108f                                 # if %13 < x goto holds14
    b 109f                                   # goto else9
108:
    addi %r9, %r8, 1                         # %15 = at + 1
    mr %r8, %r9                              # at = %15
109:
    cmpldi %r8, 4                            # check at < 4, or IndexError
    blt 111f                                 # check at < 4, or IndexError
    b 110b                                   # check at < 4, or IndexError
111:                                         # check at < 4, or IndexError
    sldi %r0, %r8, 3                         # cpu.counts[at] += 1    # commit
    add %r11, %r7, %r0                       # cpu.counts[at] += 1    # commit
    ld %r0, 48(%r11)                         # cpu.counts[at] += 1    # commit
    addic %r0, %r0, 1                        # cpu.counts[at] += 1    # commit
    std %r0, 48(%r11)                        # cpu.counts[at] += 1    # commit
3:
# bytes: 156 in the section, 280 in all
