# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head & 15
#     at = %2
#     end = head + size
#     %7 = at + size
#     if %7 > 16 goto decided5
#     %9 = cpu.tail    # acquire
#     %10 = end - %9
#     if %10 <= 16 goto else3
#   decided5:
#     return False
#   else3:
#     now = clock()
#     check at < 16, or IndexError
#     %13 = u32(len(data))
#     cpu.data[at] = %13
#     %14 = at + 1
#     at = %14
#     check at < 16, or IndexError
#     %15 = u32(now)
#     cpu.data[at] = %15
#     %16 = at + 1
#     at = %16
#     check at < 16, or IndexError
#     %17 = now >> 32
#     %18 = u32(%17)
#     cpu.data[at] = %18
#     %19 = at + 1
#     at = %19
#     check at < 17, or IndexError
#     %20 = at * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# ppc64le, lanes by cpu_id: 100 instructions and 14 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, temporary %r15, temporary %r16, area %r3, base %r4, stride %r5, lanes %r6, data %r7, len(data) %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
104:                                         # cpu.data: index out of range
    li %r9, -16                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
106:                                         # cpu.data: index out of range
    li %r9, -17                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
108:                                         # cpu.data: index out of range
    li %r9, -18                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
110:                                         # cpu.data: index out of range
    li %r9, -19                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
112:                                         # cpu.data[at]: index out of range
    li %r9, -20                              # cpu.data[at]: index out of range
    b 3f                                     # cpu.data[at]: index out of range
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
    addi %r12, %r8, 15                       # %1 = len(data) + 15
    srdi %r12, %r12, 2                       # size = %1 >> 2
    ld %r14, 0(%r9)                          # head = cpu.head
    li %r0, 15                               # at = head & 15
    and %r15, %r14, %r0                      # at = head & 15
    add %r14, %r14, %r12                     # end = head + size
    add %r16, %r15, %r12                     # %7 = at + size
    cmpldi %r16, 16                          # if %7 > 16 goto decided5
    bgt 102f                                 # if %7 > 16 goto decided5
    ld %r12, 80(%r9)                         # %9 = cpu.tail    # acquire
    lwsync                                   # %9 = cpu.tail    # acquire
    sub %r16, %r14, %r12                     # %10 = end - %9
    cmpldi %r16, 16                          # if %10 <= 16 goto else3
    ble 103f                                 # if %10 <= 16 goto else3
102:
    li %r10, 0                               # %result = False
    b 3f                                     # goto end
103:
    mftb %r12                                # now = clock()
    cmpldi %r15, 16                          # check at < 16, or IndexError
    blt 105f                                 # check at < 16, or IndexError
    b 104b                                   # check at < 16, or IndexError
105:                                         # check at < 16, or IndexError
    clrldi %r16, %r8, 32                     # %13 = u32(len(data))
    sldi %r0, %r15, 2                        # cpu.data[at] = %13
    add %r11, %r9, %r0                       # cpu.data[at] = %13
    stw %r16, 172(%r11)                      # cpu.data[at] = %13
    addi %r16, %r15, 1                       # %14 = at + 1
    mr %r15, %r16                            # at = %14
    cmpldi %r15, 16                          # check at < 16, or IndexError
    blt 107f                                 # check at < 16, or IndexError
    b 106b                                   # check at < 16, or IndexError
107:                                         # check at < 16, or IndexError
    clrldi %r16, %r12, 32                    # %15 = u32(now)
    sldi %r0, %r15, 2                        # cpu.data[at] = %15
    add %r11, %r9, %r0                       # cpu.data[at] = %15
    stw %r16, 172(%r11)                      # cpu.data[at] = %15
    addi %r16, %r15, 1                       # %16 = at + 1
    mr %r15, %r16                            # at = %16
    cmpldi %r15, 16                          # check at < 16, or IndexError
    blt 109f                                 # check at < 16, or IndexError
    b 108b                                   # check at < 16, or IndexError
109:                                         # check at < 16, or IndexError
    srdi %r16, %r12, 32                      # %17 = now >> 32
    clrldi %r12, %r16, 32                    # %18 = u32(%17)
    sldi %r0, %r15, 2                        # cpu.data[at] = %18
    add %r11, %r9, %r0                       # cpu.data[at] = %18
    stw %r12, 172(%r11)                      # cpu.data[at] = %18
    addi %r16, %r15, 1                       # %19 = at + 1
    mr %r15, %r16                            # at = %19
    cmpldi %r15, 17                          # check at < 17, or IndexError
    blt 111f                                 # check at < 17, or IndexError
    b 110b                                   # check at < 17, or IndexError
111:                                         # check at < 17, or IndexError
    li %r0, 4                                # %20 = at * 4
    mulld %r12, %r15, %r0                    # %20 = at * 4
    li %r0, 64                               # %21 = 64 - %20
    sub %r16, %r0, %r12                      # %21 = 64 - %20
    cmpld %r8, %r16                          # check len(data) <= %21, or IndexError
    ble 113f                                 # check len(data) <= %21, or IndexError
    b 112b                                   # check len(data) <= %21, or IndexError
113:                                         # check len(data) <= %21, or IndexError
    sldi %r0, %r15, 2                        # copy len(data) bytes, data to cpu.data[at]
    add %r11, %r9, %r0                       # copy len(data) bytes, data to cpu.data[at]
    addi %r12, %r11, 172                     # copy len(data) bytes, data to cpu.data[at]
    addi %r16, %r7, 0                        # copy len(data) bytes, data to cpu.data[at]
    mr %r11, %r8                             # copy len(data) bytes, data to cpu.data[at]
    b 115f                                   # copy len(data) bytes, data to cpu.data[at]
114:
    addi %r11, %r11, -16                     # copy len(data) bytes, data to cpu.data[at]
    lxvd2x 0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stxvd2x 0, %r12, %r11                    # copy len(data) bytes, data to cpu.data[at]
115:
    cmpldi %r11, 16                          # copy len(data) bytes, data to cpu.data[at]
    bge 114b                                 # copy len(data) bytes, data to cpu.data[at]
    andi. %r0, %r11, 8                       # copy len(data) bytes, data to cpu.data[at]
    beq 116f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -8                      # copy len(data) bytes, data to cpu.data[at]
    ldx %r0, %r16, %r11                      # copy len(data) bytes, data to cpu.data[at]
    stdx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
116:
    andi. %r0, %r11, 4                       # copy len(data) bytes, data to cpu.data[at]
    beq 117f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -4                      # copy len(data) bytes, data to cpu.data[at]
    lwzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stwx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
117:
    andi. %r0, %r11, 2                       # copy len(data) bytes, data to cpu.data[at]
    beq 118f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -2                      # copy len(data) bytes, data to cpu.data[at]
    lhzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
    sthx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
118:
    andi. %r0, %r11, 1                       # copy len(data) bytes, data to cpu.data[at]
    beq 119f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -1                      # copy len(data) bytes, data to cpu.data[at]
    lbzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stbx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
119:
    li %r10, 1                               # %result = True
    lwsync                                   # cpu.head = end    # commit
    std %r14, 0(%r9)                         # cpu.head = end    # commit
3:
# bytes: 380 in the section, 504 in all
