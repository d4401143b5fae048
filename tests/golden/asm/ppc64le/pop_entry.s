# pop_entry(cpu: List, Entry.rows: u64, Entry.length: u64) -> index[Entry]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first - 1
#     check %4 < Entry.length, or IndexError
#     %5 = u64(%4)
#     %6 = %5 << 4
#     %7 = address of the row first
#     %8 = first.next
#     cpu.first = %8
#     return first
#
# ppc64le, lanes by cpu_id: 26 instructions and 8 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, temporary %r15, area %r3, base %r4, stride %r5, lanes %r6, Entry.rows %r7, Entry.length %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = None
    li %r10, 0                               # %result = None
    b 3f                                     # %result = None
104:                                         # Entry: index out of range
    li %r9, -16                              # Entry: index out of range
    b 3f                                     # Entry: index out of range
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
    lwz %r12, 0(%r9)                         # first = cpu.first
    cmpldi %r12, 0                           # if first == None goto exit0
    bne 103f                                 # if first == None goto exit0
    b 102b                                   # if first == None goto exit0
103:                                         # if first == None goto exit0
    addi %r14, %r12, -1                      # %4 = first - 1
    clrldi %r14, %r14, 32                    # %4 = first - 1
    cmpld %r14, %r8                          # check %4 < Entry.length, or IndexError
    blt 105f                                 # check %4 < Entry.length, or IndexError
    b 104b                                   # check %4 < Entry.length, or IndexError
105:                                         # check %4 < Entry.length, or IndexError
    sldi %r14, %r14, 4                       # %6 = %5 << 4
    add %r11, %r7, %r14                      # %7 = address of the row first
    addi %r14, %r11, 0                       # %7 = address of the row first
    lwz %r15, 0(%r14)                        # %8 = first.next
    mr %r10, %r12                            # %result = first
    stw %r15, 0(%r9)                         # cpu.first = %8    # commit
3:
# bytes: 84 in the section, 184 in all
