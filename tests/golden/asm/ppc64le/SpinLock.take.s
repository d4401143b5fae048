# take(cpu: Lock, me: u64) -> i32 | None:
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     return
#   else1:
#     cpu.owner = me
#     %5 = cpu_number()
#     return %5
#
# ppc64le, lanes by cpu_id: 19 instructions and 6 cold
# registers: status %r8, result %r9, temporary %r10, area %r3, base %r4, stride %r5, lanes %r6, me %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # return None
    li %r8, -3                               # return None
    b 3f                                     # return None
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
    mr %r9, %r8                              # this CPU's lane
    mulld %r8, %r8, %r5                      # this CPU's lane
    add %r8, %r8, %r4                        # this CPU's lane
    ld %r10, 0(%r8)                          # %4 = cpu.owner
    cmpldi %r10, 0                           # if %4 != 0 goto nothing
    beq 103f                                 # if %4 != 0 goto nothing
    b 102b                                   # if %4 != 0 goto nothing
103:                                         # if %4 != 0 goto nothing
    lwsync                                   # cpu.owner = me    # commit
    std %r7, 0(%r8)                          # cpu.owner = me    # commit
3:
    lwsync                                   # acquire
# bytes: 52 in the section, 152 in all
