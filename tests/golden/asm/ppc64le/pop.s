# pop(cpu: Items, missing: i64) -> i64:
#     n = cpu.count
#     if n != 0 goto else1
#     return missing
#   else1:
#     %4 = n - 1
#     check %4 < 64, or IndexError
#     value = cpu.slots[n - 1]
#     %5 = n - 1
#     cpu.count = %5
#     return value
#
# ppc64le, lanes by cpu_id: 26 instructions and 6 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, missing %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
103:                                         # cpu.slots: index out of range
    li %r8, -16                              # cpu.slots: index out of range
    b 3f                                     # cpu.slots: index out of range
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
    ld %r10, 0(%r8)                          # n = cpu.count
    cmpdi %r10, 0                            # if n != 0 goto else1
    bne 102f                                 # if n != 0 goto else1
    mr %r9, %r7                              # %result = missing
    b 3f                                     # goto end
102:
    addi %r12, %r10, -1                      # %4 = n - 1
    cmpldi %r12, 64                          # check %4 < 64, or IndexError
    blt 104f                                 # check %4 < 64, or IndexError
    b 103b                                   # check %4 < 64, or IndexError
104:                                         # check %4 < 64, or IndexError
    sldi %r0, %r12, 3                        # value = cpu.slots[n - 1]
    add %r11, %r8, %r0                       # value = cpu.slots[n - 1]
    ld %r14, 8(%r11)                         # value = cpu.slots[n - 1]
    addi %r12, %r10, -1                      # %5 = n - 1
    mr %r9, %r14                             # %result = value
    std %r12, 0(%r8)                         # cpu.count = %5    # commit
3:
# bytes: 84 in the section, 184 in all
