# add_to_first(cpu: Head, n: i64) -> bool:
#     first = cpu.first
#     if first != None goto else1
#     return False
#   else1:
#     first.value += n
#     return True
#
# ppc64le, lanes by cpu_id: 19 instructions and 6 cold
# registers: status %r8, result %r9, temporary %r10, area %r3, base %r4, stride %r5, lanes %r6, n %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li %r9, 0                                # %result = False
    b 3f                                     # %result = False
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
    ld %r10, 0(%r8)                          # first = cpu.first
    cmpldi %r10, 0                           # if first == None goto exit0
    bne 103f                                 # if first == None goto exit0
    b 102b                                   # if first == None goto exit0
103:                                         # if first == None goto exit0
    li %r9, 1                                # %result = True
    ld %r0, 8(%r10)                          # first.value += n    # commit
    add %r0, %r0, %r7                        # first.value += n    # commit
    std %r0, 8(%r10)                         # first.value += n    # commit
3:
# bytes: 56 in the section, 152 in all
