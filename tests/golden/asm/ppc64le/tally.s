# tally(cpu: Numbers, index: i64, n: i64):
#     check index < 8, or IndexError    # before the section
#     cpu.table[index] += n
#     return
#
# ppc64le, lanes by cpu_id: 16 instructions and 4 cold
# registers: status %r9, area %r3, base %r4, stride %r5, lanes %r6, index %r7, n %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r9, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r9                                 # restart
    addis %r9, %r9, (77b - . + 4)@ha         # restart
    addi %r9, %r9, (77b - . + 8)@l           # restart
    std %r9, 8(%r3)                          # restart
2:                                           # restart
    lwz %r9, 4(%r3)                          # this CPU's lane
    cmpld %r9, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r9, %r9, %r5                      # this CPU's lane
    add %r9, %r9, %r4                        # this CPU's lane
    sldi %r0, %r7, 3                         # cpu.table[index] += n    # commit
    add %r11, %r9, %r0                       # cpu.table[index] += n    # commit
    ld %r0, 48(%r11)                         # cpu.table[index] += n    # commit
    add %r0, %r0, %r8                        # cpu.table[index] += n    # commit
    std %r0, 48(%r11)                        # cpu.table[index] += n    # commit
3:
# bytes: 44 in the section, 120 in all
