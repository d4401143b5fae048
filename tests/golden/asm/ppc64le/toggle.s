# toggle(cpu: Numbers, bit: u32) -> bool:
#     flags = cpu.flags
#     mask = 1 << bit
#     %1 = flags ^ mask
#     cpu.flags = %1
#     %2 = False
#     %5 = flags & mask
#     if %5 == 0 goto known3
#     %2 = True
#   known3:
#     return %2
#
# ppc64le, lanes by cpu_id: 23 instructions and 4 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, bit %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
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
    lwz %r10, 28(%r8)                        # flags = cpu.flags
    clrldi %r11, %r7, 59                     # mask = 1 << bit
    li %r0, 1                                # mask = 1 << bit
    sld %r12, %r0, %r11                      # mask = 1 << bit
    clrldi %r12, %r12, 32                    # mask = 1 << bit
    xor %r14, %r10, %r12                     # %1 = flags ^ mask
    li %r9, 0                                # %2 = False
    and %r10, %r10, %r12                     # %5 = flags & mask
    cmpldi %r10, 0                           # if %5 == 0 goto known3.3
    beq 102f                                 # if %5 == 0 goto known3.3
    li %r9, 1                                # %2 = True
102:
    stw %r14, 28(%r8)                        # cpu.flags = %1    # commit
3:
# bytes: 72 in the section, 152 in all
