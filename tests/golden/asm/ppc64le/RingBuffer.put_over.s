# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 4
#     %3 = %2 & 31
#     at = %3
#     %8 = at & 15
#     %9 = %8 + size
#     if %9 >= 16 goto decided6
#     %11 = head & 15
#     if %11 != 15 goto else4
#   decided6:
#     return False
#   else4:
#     %12 = size << 4
#     %13 = head + %12
#     end = %13 + 1
#     goto else14
#   else14:
#     check at < 32, or IndexError
#     %16 = u32(len(data))
#     cpu.data[at] = %16
#     %17 = at + 1
#     at = %17
#     check at < 33, or IndexError
#     %18 = at * 4
#     %19 = 128 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# ppc64le, lanes by cpu_id: 84 instructions and 10 cold
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
108:                                         # cpu.data[at]: index out of range
    li %r9, -18                              # cpu.data[at]: index out of range
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
    addi %r12, %r8, 7                        # %1 = len(data) + 7
    srdi %r12, %r12, 2                       # size = %1 >> 2
    ld %r14, 0(%r9)                          # head = cpu.head
    srdi %r15, %r14, 4                       # %2 = head >> 4
    li %r0, 31                               # at = %2 & 31
    and %r15, %r15, %r0                      # at = %2 & 31
    li %r0, 15                               # %8 = at & 15
    and %r16, %r15, %r0                      # %8 = at & 15
    add %r16, %r16, %r12                     # %9 = %8 + size
    cmpldi %r16, 16                          # if %9 >= 16 goto decided6
    bge 102f                                 # if %9 >= 16 goto decided6
    li %r0, 15                               # %11 = head & 15
    and %r16, %r14, %r0                      # %11 = head & 15
    cmpldi %r16, 15                          # if %11 != 15 goto else4
    bne 103f                                 # if %11 != 15 goto else4
102:
    li %r10, 0                               # %result = False
    b 3f                                     # goto end
103:
    sldi %r16, %r12, 4                       # %12 = size << 4
    add %r12, %r14, %r16                     # %13 = head + %12
    addi %r14, %r12, 1                       # end = %13 + 1
    cmpldi %r15, 32                          # check at < 32, or IndexError
    blt 105f                                 # check at < 32, or IndexError
    b 104b                                   # check at < 32, or IndexError
105:                                         # check at < 32, or IndexError
    clrldi %r16, %r8, 32                     # %16 = u32(len(data))
    sldi %r0, %r15, 2                        # cpu.data[at] = %16
    add %r11, %r9, %r0                       # cpu.data[at] = %16
    stw %r16, 188(%r11)                      # cpu.data[at] = %16
    addi %r12, %r15, 1                       # %17 = at + 1
    mr %r15, %r12                            # at = %17
    cmpldi %r15, 33                          # check at < 33, or IndexError
    blt 107f                                 # check at < 33, or IndexError
    b 106b                                   # check at < 33, or IndexError
107:                                         # check at < 33, or IndexError
    li %r0, 4                                # %18 = at * 4
    mulld %r16, %r15, %r0                    # %18 = at * 4
    li %r0, 128                              # %19 = 128 - %18
    sub %r12, %r0, %r16                      # %19 = 128 - %18
    cmpld %r8, %r12                          # check len(data) <= %19, or IndexError
    ble 109f                                 # check len(data) <= %19, or IndexError
    b 108b                                   # check len(data) <= %19, or IndexError
109:                                         # check len(data) <= %19, or IndexError
    sldi %r0, %r15, 2                        # copy len(data) bytes, data to cpu.data[at]
    add %r11, %r9, %r0                       # copy len(data) bytes, data to cpu.data[at]
    addi %r16, %r11, 188                     # copy len(data) bytes, data to cpu.data[at]
    addi %r12, %r7, 0                        # copy len(data) bytes, data to cpu.data[at]
    mr %r11, %r8                             # copy len(data) bytes, data to cpu.data[at]
    b 111f                                   # copy len(data) bytes, data to cpu.data[at]
110:
    addi %r11, %r11, -16                     # copy len(data) bytes, data to cpu.data[at]
    lxvd2x 0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stxvd2x 0, %r16, %r11                    # copy len(data) bytes, data to cpu.data[at]
111:
    cmpldi %r11, 16                          # copy len(data) bytes, data to cpu.data[at]
    bge 110b                                 # copy len(data) bytes, data to cpu.data[at]
    andi. %r0, %r11, 8                       # copy len(data) bytes, data to cpu.data[at]
    beq 112f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -8                      # copy len(data) bytes, data to cpu.data[at]
    ldx %r0, %r12, %r11                      # copy len(data) bytes, data to cpu.data[at]
    stdx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
112:
    andi. %r0, %r11, 4                       # copy len(data) bytes, data to cpu.data[at]
    beq 113f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -4                      # copy len(data) bytes, data to cpu.data[at]
    lwzx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stwx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
113:
    andi. %r0, %r11, 2                       # copy len(data) bytes, data to cpu.data[at]
    beq 114f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -2                      # copy len(data) bytes, data to cpu.data[at]
    lhzx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
    sthx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
114:
    andi. %r0, %r11, 1                       # copy len(data) bytes, data to cpu.data[at]
    beq 115f                                 # copy len(data) bytes, data to cpu.data[at]
    addi %r11, %r11, -1                      # copy len(data) bytes, data to cpu.data[at]
    lbzx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at]
    stbx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at]
115:
    li %r10, 1                               # %result = True
    lwsync                                   # cpu.head = end    # commit
    std %r14, 0(%r9)                         # cpu.head = end    # commit
3:
# bytes: 316 in the section, 440 in all
