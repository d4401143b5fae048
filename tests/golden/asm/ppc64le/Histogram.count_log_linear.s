# count_log_linear(cpu: LogLinearBuckets, bits: i64):
#     at = 0
#     %4 = cpu.lowest
#     if bits <= %4 goto else1
#     %5 = bits - 1
#     %6 = cpu.shift
#     %7 = %5 >> %6
#     %8 = cpu.before
#     %9 = %7 - %8
#     at = %9
#     %13 = cpu.last
#     if at <= %13 goto else10
#     %14 = cpu.last
#     at = %14
#   else10:
#   else1:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# ppc64le, lanes by cpu_id: 33 instructions and 6 cold
# registers: status %r8, temporary %r9, temporary %r10, temporary %r12, area %r3, base %r4, stride %r5, lanes %r6, bits %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
104:                                         # cpu.counts: index out of range
    li %r8, -16                              # cpu.counts: index out of range
    b 3f                                     # cpu.counts: index out of range
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r8, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r8                                 # restart
    addis %r8, %r8, (77b - . + 4)@ha         # restart
    addi %r8, %r8, (77b - . + 8)@l           # restart
    std %r8, 8(%r3)                          # restart
2:                                           # restart
    lwz %r8, 4(%r3)                          # this CPU's lane
    cmpld %r8, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r8, %r8, %r5                      # this CPU's lane
    add %r8, %r8, %r4                        # this CPU's lane
    li %r9, 0                                # at = 0
    ld %r10, 16(%r8)                         # %4 = cpu.lowest
    cmpd %r7, %r10                           # if bits <= %4 goto else1
    ble 102f                                 # if bits <= %4 goto else1
    addi %r10, %r7, -1                       # %5 = bits - 1
    ld %r12, 24(%r8)                         # %6 = cpu.shift
    clrldi %r11, %r12, 58                    # %7 = %5 >> %6
    srad %r10, %r10, %r11                    # %7 = %5 >> %6
    ld %r12, 32(%r8)                         # %8 = cpu.before
    sub %r9, %r10, %r12                      # at = %7 - %8
    ld %r10, 40(%r8)                         # %13 = cpu.last
    cmpd %r9, %r10                           # if at <= %13 goto else10
    ble 103f                                 # if at <= %13 goto else10
    ld %r9, 40(%r8)                          # at = cpu.last
103:
102:
    cmpldi %r9, 4                            # check at < 4, or IndexError
    blt 105f                                 # check at < 4, or IndexError
    b 104b                                   # check at < 4, or IndexError
105:                                         # check at < 4, or IndexError
    sldi %r0, %r9, 3                         # cpu.counts[at] += 1    # commit
    add %r11, %r8, %r0                       # cpu.counts[at] += 1    # commit
    ld %r0, 48(%r11)                         # cpu.counts[at] += 1    # commit
    addic %r0, %r0, 1                        # cpu.counts[at] += 1    # commit
    std %r0, 48(%r11)                        # cpu.counts[at] += 1    # commit
3:
# bytes: 112 in the section, 216 in all
