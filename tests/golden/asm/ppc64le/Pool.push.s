# push(cpu: Lane, row: u32) -> bool:
#     n = cpu.cached
#     if n < 4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.hints[n] = row
#     %4 = n + 1
#     cpu.cached = %4
#     return True
#
# ppc64le, lanes by cpu_id: 24 instructions and 8 cold
# registers: status %r8, result %r9, temporary %r10, area %r3, base %r4, stride %r5, lanes %r6, row %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li %r9, 0                                # %result = False
    b 3f                                     # %result = False
104:                                         # cpu.hints: index out of range
    li %r8, -16                              # cpu.hints: index out of range
    b 3f                                     # cpu.hints: index out of range
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
    ld %r10, 88(%r8)                         # n = cpu.cached
    cmpldi %r10, 4                           # if n >= 4 goto exit0
    blt 103f                                 # if n >= 4 goto exit0
    b 102b                                   # if n >= 4 goto exit0
103:                                         # if n >= 4 goto exit0
    cmpldi %r10, 4                           # check n < 4, or IndexError
    blt 105f                                 # check n < 4, or IndexError
    b 104b                                   # check n < 4, or IndexError
105:                                         # check n < 4, or IndexError
    sldi %r0, %r10, 2                        # cpu.hints[n] = row
    add %r11, %r8, %r0                       # cpu.hints[n] = row
    stw %r7, 96(%r11)                        # cpu.hints[n] = row
    addi %r10, %r10, 1                       # %4 = n + 1
    li %r9, 1                                # %result = True
    std %r10, 88(%r8)                        # cpu.cached = %4    # commit
3:
# bytes: 76 in the section, 184 in all
