# tally_hash(cpu: Numbers, key: u64):
#     %1 = key * 11400714819323198485
#     %2 = %1 >> 61
#     check %2 < 8, or IndexError
#     cpu.table[key * 11400714819323198485 >> 61] += 1
#     return
#
# ppc64le, lanes by cpu_id: 26 instructions and 6 cold
# registers: status %r8, temporary %r9, area %r3, base %r4, stride %r5, lanes %r6, key %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # cpu.table: index out of range
    li %r8, -16                              # cpu.table: index out of range
    b 3f                                     # cpu.table: index out of range
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
    lis %r0, -25033                          # %1 = key * 11400714819323198485
    ori %r0, %r0, 31161                      # %1 = key * 11400714819323198485
    sldi %r0, %r0, 32                        # %1 = key * 11400714819323198485
    oris %r0, %r0, 32586                     # %1 = key * 11400714819323198485
    ori %r0, %r0, 31765                      # %1 = key * 11400714819323198485
    mulld %r9, %r7, %r0                      # %1 = key * 11400714819323198485
    srdi %r9, %r9, 61                        # %2 = %1 >> 61
    cmpldi %r9, 8                            # check %2 < 8, or IndexError
    blt 103f                                 # check %2 < 8, or IndexError
    b 102b                                   # check %2 < 8, or IndexError
103:                                         # check %2 < 8, or IndexError
    sldi %r0, %r9, 3                         # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    add %r11, %r8, %r0                       # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    ld %r0, 48(%r11)                         # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    addic %r0, %r0, 1                        # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    std %r0, 48(%r11)                        # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
# bytes: 84 in the section, 184 in all
