# mark(cpu: Chosen, Small.rows: u64, Small.length: u64) -> u8:
#     %1 = cpu.small
#     %2 = %1 - 1
#     check %2 < Small.length, or IndexError
#     %3 = u64(%2)
#     %4 = %3 * 3
#     %5 = address of the row cpu.small
#     low = cpu.small.low
#     %6 = cpu.small
#     %7 = %6 - 1
#     check %7 < Small.length, or IndexError
#     %8 = u64(%7)
#     %9 = %8 * 3
#     %10 = address of the row cpu.small
#     cpu.small.marked = True
#     return low
#
# ppc64le, lanes by cpu_id: 35 instructions and 8 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, Small.rows %r7, Small.length %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # Small: index out of range
    li %r9, -16                              # Small: index out of range
    b 3f                                     # Small: index out of range
104:                                         # Small: index out of range
    li %r9, -17                              # Small: index out of range
    b 3f                                     # Small: index out of range
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r9, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r9                                 # restart
    addis %r9, %r9, (77b - . + 4)@ha         # restart
    addi %r9, %r9, (77b - . + 8)@l           # restart
    std %r9, 8(%r3)                          # restart
2:                                           # restart
    lwz %r9, 4(%r3)                          # this CPU's lane
    cmpld %r9, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r9, %r9, %r5                      # this CPU's lane
    add %r9, %r9, %r4                        # this CPU's lane
    lwz %r12, 0(%r9)                         # %1 = cpu.small
    addi %r12, %r12, -1                      # %2 = %1 - 1
    clrldi %r12, %r12, 32                    # %2 = %1 - 1
    cmpld %r12, %r8                          # check %2 < Small.length, or IndexError
    blt 103f                                 # check %2 < Small.length, or IndexError
    b 102b                                   # check %2 < Small.length, or IndexError
103:                                         # check %2 < Small.length, or IndexError
    li %r0, 3                                # %4 = %3 * 3
    mulld %r12, %r12, %r0                    # %4 = %3 * 3
    add %r11, %r7, %r12                      # %5 = address of the row cpu.small
    addi %r12, %r11, 0                       # %5 = address of the row cpu.small
    lbz %r14, 0(%r12)                        # low = cpu.small.low
    lwz %r12, 0(%r9)                         # %6 = cpu.small
    addi %r12, %r12, -1                      # %7 = %6 - 1
    clrldi %r12, %r12, 32                    # %7 = %6 - 1
    cmpld %r12, %r8                          # check %7 < Small.length, or IndexError
    blt 105f                                 # check %7 < Small.length, or IndexError
    b 104b                                   # check %7 < Small.length, or IndexError
105:                                         # check %7 < Small.length, or IndexError
    li %r0, 3                                # %9 = %8 * 3
    mulld %r12, %r12, %r0                    # %9 = %8 * 3
    add %r11, %r7, %r12                      # %10 = address of the row cpu.small
    addi %r12, %r11, 0                       # %10 = address of the row cpu.small
    mr %r10, %r14                            # %result = low
    li %r0, 1                                # cpu.small.marked = True    # commit
    stb %r0, 2(%r12)                         # cpu.small.marked = True    # commit
3:
# bytes: 120 in the section, 216 in all
