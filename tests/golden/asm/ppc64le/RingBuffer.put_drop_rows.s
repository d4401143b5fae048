# put(cpu: Rows, data: bytes, len(data): u64) -> bool:
#     head = cpu.head
#     %6 = cpu.tail    # acquire
#     %7 = head - %6
#     if %7 < 2 goto else3
#     return False
#   else3:
#     %10 = head & 1
#     %11 = clock()
#     cpu.stamps[head & last] = %11
#     goto else12
#   else12:
#     %14 = head & 1
#     %15 = %14 * 12
#     %16 = 24 - %15
#     %17 = 12
#     check %17 <= len(data), or IndexError
#     copy 12 bytes, data to cpu.data[(head & last) * size]
#     %18 = head + 1
#     cpu.head = %18
#     return True
#
# ppc64le, lanes by cpu_id: 43 instructions and 8 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, temporary %r15, temporary %r16, area %r3, base %r4, stride %r5, lanes %r6, data %r7, len(data) %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li %r10, 0                               # %result = False
    b 3f                                     # %result = False
104:                                         # data: index out of range
    li %r9, -16                              # data: index out of range
    b 3f                                     # data: index out of range
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
    ld %r12, 0(%r9)                          # head = cpu.head
    ld %r14, 80(%r9)                         # %6 = cpu.tail    # acquire
    lwsync                                   # %6 = cpu.tail    # acquire
    sub %r15, %r12, %r14                     # %7 = head - %6
    cmpldi %r15, 2                           # if %7 >= 2 goto exit0
    blt 103f                                 # if %7 >= 2 goto exit0
    b 102b                                   # if %7 >= 2 goto exit0
103:                                         # if %7 >= 2 goto exit0
    li %r0, 1                                # %10 = head & 1
    and %r14, %r12, %r0                      # %10 = head & 1
    mftb %r15                                # %11 = clock()
    sldi %r0, %r14, 3                        # cpu.stamps[head & last] = %11
    add %r11, %r9, %r0                       # cpu.stamps[head & last] = %11
    std %r15, 176(%r11)                      # cpu.stamps[head & last] = %11
    li %r0, 1                                # %14 = head & 1
    and %r14, %r12, %r0                      # %14 = head & 1
    li %r0, 12                               # %15 = %14 * 12
    mulld %r15, %r14, %r0                    # %15 = %14 * 12
    li %r14, 12                              # %17 = 12
    cmpld %r14, %r8                          # check %17 <= len(data), or IndexError
    ble 105f                                 # check %17 <= len(data), or IndexError
    b 104b                                   # check %17 <= len(data), or IndexError
105:                                         # check %17 <= len(data), or IndexError
    add %r11, %r9, %r15                      # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi %r14, %r11, 152                     # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi %r16, %r7, 0                        # copy 12 bytes, data to cpu.data[(head & last) * size]
    ld %r0, 0(%r16)                          # copy 12 bytes, data to cpu.data[(head & last) * size]
    std %r0, 0(%r14)                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    lwz %r0, 8(%r16)                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    stw %r0, 8(%r14)                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi %r14, %r12, 1                       # %18 = head + 1
    li %r10, 1                               # %result = True
    lwsync                                   # cpu.head = %18    # commit
    std %r14, 0(%r9)                         # cpu.head = %18    # commit
3:
# bytes: 152 in the section, 248 in all
