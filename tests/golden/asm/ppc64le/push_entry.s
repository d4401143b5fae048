# push_entry(cpu: List, entry: index[Entry], value: i64, Entry.rows: u64, Entry.length: u64):
#     %1 = entry - 1
#     check %1 < Entry.length, or IndexError
#     %2 = u64(%1)
#     %3 = %2 << 4
#     %4 = address of the row entry
#     %5 = cpu.first
#     entry.next = %5
#     entry.value = value
#     cpu.first = entry
#     return
#
# ppc64le, lanes by cpu_id: 23 instructions and 6 cold
# registers: status %r12, temporary %r14, temporary %r15, area %r3, base %r4, stride %r5, lanes %r6, entry %r7, value %r8, Entry.rows %r9, Entry.length %r10

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r12, -1                              # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # Entry: index out of range
    li %r12, -16                             # Entry: index out of range
    b 3f                                     # Entry: index out of range
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r12, -2                              # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r12                                # restart
    addis %r12, %r12, (77b - . + 4)@ha       # restart
    addi %r12, %r12, (77b - . + 8)@l         # restart
    std %r12, 8(%r3)                         # restart
2:                                           # restart
    lwz %r12, 4(%r3)                         # this CPU's lane
    cmpld %r12, %r6                          # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r12, %r12, %r5                    # this CPU's lane
    add %r12, %r12, %r4                      # this CPU's lane
    addi %r14, %r7, -1                       # %1 = entry - 1
    clrldi %r14, %r14, 32                    # %1 = entry - 1
    cmpld %r14, %r10                         # check %1 < Entry.length, or IndexError
    blt 103f                                 # check %1 < Entry.length, or IndexError
    b 102b                                   # check %1 < Entry.length, or IndexError
103:                                         # check %1 < Entry.length, or IndexError
    sldi %r14, %r14, 4                       # %3 = %2 << 4
    add %r11, %r9, %r14                      # %4 = address of the row entry
    addi %r14, %r11, 0                       # %4 = address of the row entry
    lwz %r15, 0(%r12)                        # %5 = cpu.first
    stw %r15, 0(%r14)                        # entry.next = %5
    std %r8, 8(%r14)                         # entry.value = value
    stw %r7, 0(%r12)                         # cpu.first = entry    # commit
3:
# bytes: 72 in the section, 152 in all
