# start(cpu: Lane) -> u64:
#     here = cpu.cursor
#     %1 = cpu.batch
#     %2 = here + %1
#     following = %2
#     %6 = cpu.count
#     if following < %6 goto else3
#     following = 0
#   else3:
#     cpu.cursor = following
#     return here
#
# ppc64le, lanes by cpu_id: 20 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r3, base %r4, stride %r5, lanes %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r7, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
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
    ld %r9, 80(%r7)                          # here = cpu.cursor
    ld %r10, 8(%r7)                          # %1 = cpu.batch
    add %r12, %r9, %r10                      # following = here + %1
    ld %r10, 0(%r7)                          # %6 = cpu.count
    cmpld %r12, %r10                         # if following < %6 goto else3
    blt 102f                                 # if following < %6 goto else3
    li %r12, 0                               # following = 0
102:
    mr %r8, %r9                              # %result = here
    std %r12, 80(%r7)                        # cpu.cursor = following    # commit
3:
# bytes: 60 in the section, 152 in all
