# pop(cpu: Lane) -> u32 | None:
#     n = cpu.cached
#     if n != 0 goto else1
#     return
#   else1:
#     top = n - 1
#     check top < 4, or IndexError
#     row = cpu.hints[top]
#     cpu.cached = top
#     return row
#
# ppc64le, lanes by cpu_id: 23 instructions and 8 cold
# registers: status %r7, result %r8, temporary %r9, area %r3, base %r4, stride %r5, lanes %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r7, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # return None
    li %r7, -3                               # return None
    b 3f                                     # return None
104:                                         # cpu.hints: index out of range
    li %r7, -16                              # cpu.hints: index out of range
    b 3f                                     # cpu.hints: index out of range
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
    ld %r9, 88(%r7)                          # n = cpu.cached
    cmpldi %r9, 0                            # if n == 0 goto nothing
    bne 103f                                 # if n == 0 goto nothing
    b 102b                                   # if n == 0 goto nothing
103:                                         # if n == 0 goto nothing
    addi %r9, %r9, -1                        # top = n - 1
    cmpldi %r9, 4                            # check top < 4, or IndexError
    blt 105f                                 # check top < 4, or IndexError
    b 104b                                   # check top < 4, or IndexError
105:                                         # check top < 4, or IndexError
    sldi %r0, %r9, 2                         # %result = cpu.hints[top]
    add %r11, %r7, %r0                       # %result = cpu.hints[top]
    lwz %r8, 96(%r11)                        # %result = cpu.hints[top]
    std %r9, 88(%r7)                         # cpu.cached = top    # commit
3:
# bytes: 72 in the section, 184 in all
