# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     at = head & 15
#     end = head + size
#     %6 = at + size
#     if %6 > 16 goto decided4
#     %8 = cpu.tail    # acquire
#     %9 = end - %8
#     if %9 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     %11 = u32(len(data))
#     cpu.data[at] = %11
#     fill.1.now = clock()
#     %14 = at + 1
#     check %14 < 16, or IndexError
#     %15 = u32(fill.1.now)
#     cpu.data[at + 1] = %15
#     %16 = at + 2
#     check %16 < 16, or IndexError
#     %17 = fill.1.now >> 32
#     %18 = u32(%17)
#     cpu.data[at + 2] = %18
#     %19 = at + 3
#     check %19 < 17, or IndexError
#     %20 = %19 * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# ppc64le, lanes by cpu_id: 94 instructions and 14 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, temporary %r15, area %r3, base %r4, stride %r5, lanes %r6, data %r7, len(data) %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
104:                                         # %result = False
    li %r10, 0                               # %result = False
    b 3f                                     # %result = False
106:                                         # cpu.data: index out of range
    li %r9, -16                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
108:                                         # cpu.data: index out of range
    li %r9, -17                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
110:                                         # cpu.data: index out of range
    li %r9, -18                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
112:                                         # cpu.data[at + header]: index out of range
    li %r9, -19                              # cpu.data[at + header]: index out of range
    b 3f                                     # cpu.data[at + header]: index out of range
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
    addi %r10, %r8, 15                       # %1 = len(data) + 15
    srdi %r10, %r10, 2                       # size = %1 >> 2
    ld %r12, 0(%r9)                          # head = cpu.head
    li %r0, 15                               # at = head & 15
    and %r14, %r12, %r0                      # at = head & 15
    add %r12, %r12, %r10                     # end = head + size
    add %r15, %r14, %r10                     # %6 = at + size
    cmpldi %r15, 16                          # if %6 > 16 goto decided4
    ble 103f                                 # if %6 > 16 goto decided4
    b 102b                                   # if %6 > 16 goto decided4
103:                                         # if %6 > 16 goto decided4
    ld %r10, 80(%r9)                         # %8 = cpu.tail    # acquire
    lwsync                                   # %8 = cpu.tail    # acquire
    sub %r15, %r12, %r10                     # %9 = end - %8
    cmpldi %r15, 16                          # if %9 > 16 goto exit0
    ble 105f                                 # if %9 > 16 goto exit0
    b 104b                                   # if %9 > 16 goto exit0
105:                                         # if %9 > 16 goto exit0
    clrldi %r10, %r8, 32                     # %11 = u32(len(data))
    sldi %r0, %r14, 2                        # cpu.data[at] = %11
    add %r11, %r9, %r0                       # cpu.data[at] = %11
    stw %r10, 156(%r11)                      # cpu.data[at] = %11
    mftb %r10                                # fill.1.now = clock()
    addi %r15, %r14, 1                       # %14 = at + 1
    cmpldi %r15, 16                          # check %14 < 16, or IndexError
    blt 107f                                 # check %14 < 16, or IndexError
    b 106b                                   # check %14 < 16, or IndexError
107:                                         # check %14 < 16, or IndexError
    clrldi %r15, %r10, 32                    # %15 = u32(fill.1.now)
    sldi %r0, %r14, 2                        # cpu.data[at + 1] = %15
    add %r11, %r9, %r0                       # cpu.data[at + 1] = %15
    stw %r15, 160(%r11)                      # cpu.data[at + 1] = %15
    addi %r15, %r14, 2                       # %16 = at + 2
    cmpldi %r15, 16                          # check %16 < 16, or IndexError
    blt 109f                                 # check %16 < 16, or IndexError
    b 108b                                   # check %16 < 16, or IndexError
109:                                         # check %16 < 16, or IndexError
    srdi %r10, %r10, 32                      # %17 = fill.1.now >> 32
    clrldi %r10, %r10, 32                    # %18 = u32(%17)
    sldi %r0, %r15, 2                        # cpu.data[at + 2] = %18
    add %r11, %r9, %r0                       # cpu.data[at + 2] = %18
    stw %r10, 156(%r11)                      # cpu.data[at + 2] = %18
    addi %r14, %r14, 3                       # %19 = at + 3
    cmpldi %r14, 17                          # check %19 < 17, or IndexError
    blt 111f                                 # check %19 < 17, or IndexError
    b 110b                                   # check %19 < 17, or IndexError
111:                                         # check %19 < 17, or IndexError
    li %r0, 4                                # %20 = %19 * 4
    mulld %r10, %r14, %r0                    # %20 = %19 * 4
    li %r0, 64                               # %21 = 64 - %20
    sub %r15, %r0, %r10                      # %21 = 64 - %20
    cmpld %r8, %r15                          # check len(data) <= %21, or IndexError
    ble 113f                                 # check len(data) <= %21, or IndexError
    b 112b                                   # check len(data) <= %21, or IndexError
113:                                         # check len(data) <= %21, or IndexError
    sldi %r0, %r14, 2                        # copy len(data) bytes, data to cpu.data[at + header]
    add %r11, %r9, %r0                       # copy len(data) bytes, data to cpu.data[at + header]
    addi %r10, %r11, 156                     # copy len(data) bytes, data to cpu.data[at + header]
    addi %r15, %r7, 0                        # copy len(data) bytes, data to cpu.data[at + header]
    mr %r11, %r8                             # copy len(data) bytes, data to cpu.data[at + header]
    b 115f                                   # copy len(data) bytes, data to cpu.data[at + header]
114:
    addi %r11, %r11, -16                     # copy len(data) bytes, data to cpu.data[at + header]
    lxvd2x 0, %r15, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stxvd2x 0, %r10, %r11                    # copy len(data) bytes, data to cpu.data[at + header]
115:
    cmpldi %r11, 16                          # copy len(data) bytes, data to cpu.data[at + header]
    bge 114b                                 # copy len(data) bytes, data to cpu.data[at + header]
    andi. %r0, %r11, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 116f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -8                      # copy len(data) bytes, data to cpu.data[at + header]
    ldx %r0, %r15, %r11                      # copy len(data) bytes, data to cpu.data[at + header]
    stdx %r0, %r10, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
116:
    andi. %r0, %r11, 4                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 117f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -4                      # copy len(data) bytes, data to cpu.data[at + header]
    lwzx %r0, %r15, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stwx %r0, %r10, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
117:
    andi. %r0, %r11, 2                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 118f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -2                      # copy len(data) bytes, data to cpu.data[at + header]
    lhzx %r0, %r15, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    sthx %r0, %r10, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
118:
    andi. %r0, %r11, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 119f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -1                      # copy len(data) bytes, data to cpu.data[at + header]
    lbzx %r0, %r15, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stbx %r0, %r10, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
119:
    li %r10, 1                               # %result = True
    lwsync                                   # cpu.head = end    # commit
    std %r12, 0(%r9)                         # cpu.head = end    # commit
3:
# bytes: 356 in the section, 472 in all
