# put(cpu: Rows, data: u64) -> bool:
#     head = cpu.head
#     goto else1
#   else1:
#     %5 = head & 3
#     %6 = clock()
#     cpu.stamps[head & last] = %6
#     %9 = head & 3
#     cpu.data[head & last] = data
#     %10 = head + 1
#     cpu.head = %10
#     return True
#
# ppc64le, lanes by cpu_id: 27 instructions and 4 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, data %r7

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
    ld %r10, 0(%r8)                          # head = cpu.head
    li %r0, 3                                # %5 = head & 3
    and %r12, %r10, %r0                      # %5 = head & 3
    mftb %r14                                # %6 = clock()
    sldi %r0, %r12, 3                        # cpu.stamps[head & last] = %6
    add %r11, %r8, %r0                       # cpu.stamps[head & last] = %6
    std %r14, 216(%r11)                      # cpu.stamps[head & last] = %6
    li %r0, 3                                # %9 = head & 3
    and %r12, %r10, %r0                      # %9 = head & 3
    sldi %r0, %r12, 3                        # cpu.data[head & last] = data
    add %r11, %r8, %r0                       # cpu.data[head & last] = data
    std %r7, 184(%r11)                       # cpu.data[head & last] = data
    addi %r14, %r10, 1                       # %10 = head + 1
    li %r9, 1                                # %result = True
    lwsync                                   # cpu.head = %10    # commit
    std %r14, 0(%r8)                         # cpu.head = %10    # commit
3:
# bytes: 88 in the section, 184 in all
