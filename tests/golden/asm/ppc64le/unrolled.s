# unrolled(cpu: Numbers, key: i64) -> i64:
#     found = -1
#     %5 = cpu.table[i]
#     if %5 != key goto else2
#     found = 0
#     goto done1
#   else2:
#     %9 = cpu.table[i]
#     if %9 != key goto else6
#     found = 1
#     goto done1
#   else6:
#     %13 = cpu.table[i]
#     if %13 != key goto else10
#     found = 2
#     goto done1
#   else10:
#     %17 = cpu.table[i]
#     if %17 != key goto else14
#     found = 3
#     goto done1
#   else14:
#   done1:
#     return found
#
# ppc64le, lanes by cpu_id: 32 instructions and 4 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, area %r3, base %r4, stride %r5, lanes %r6, key %r7

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
    li %r10, -1                              # found = -1
    ld %r12, 48(%r8)                         # %5 = cpu.table[i]
    cmpd %r12, %r7                           # if %5 != key goto else2
    bne 102f                                 # if %5 != key goto else2
    li %r10, 0                               # found = 0
    b 103f                                   # goto done1
102:
    ld %r12, 56(%r8)                         # %9 = cpu.table[i]
    cmpd %r12, %r7                           # if %9 != key goto else6
    bne 104f                                 # if %9 != key goto else6
    li %r10, 1                               # found = 1
    b 103f                                   # goto done1
104:
    ld %r12, 64(%r8)                         # %13 = cpu.table[i]
    cmpd %r12, %r7                           # if %13 != key goto else10
    bne 105f                                 # if %13 != key goto else10
    li %r10, 2                               # found = 2
    b 103f                                   # goto done1
105:
    ld %r12, 72(%r8)                         # %17 = cpu.table[i]
    cmpd %r12, %r7                           # if %17 != key goto else14
    bne 106f                                 # if %17 != key goto else14
    li %r10, 3                               # found = 3
106:
103:
    mr %r9, %r10                             # %result = found
3:
# bytes: 108 in the section, 184 in all
