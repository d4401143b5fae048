# pop_node(cpu: Head) -> ptr[Node]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first.next
#     cpu.first = %4
#     return first
#
# ppc64le, lanes by cpu_id: 17 instructions and 6 cold
# registers: status %r7, result %r8, temporary %r9, area %r3, base %r4, stride %r5, lanes %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r7, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = None
    li %r8, 0                                # %result = None
    b 3f                                     # %result = None
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
    ld %r8, 0(%r7)                           # first = cpu.first
    cmpldi %r8, 0                            # if first == None goto exit0
    bne 103f                                 # if first == None goto exit0
    b 102b                                   # if first == None goto exit0
103:                                         # if first == None goto exit0
    ld %r9, 0(%r8)                           # %4 = first.next
    std %r9, 0(%r7)                          # cpu.first = %4    # commit
3:
# bytes: 48 in the section, 152 in all
