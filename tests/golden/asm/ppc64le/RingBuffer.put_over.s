# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 3
#     at = %2 & 31
#     %7 = at & 15
#     %8 = %7 + size
#     if %8 >= 16 goto decided5
#     %10 = head & 3
#     if %10 != 3 goto else3
#   decided5:
#     return False
#   else3:
#     %11 = size << 3
#     %12 = head + %11
#     end = %12 + 1
#     %14 = u32(len(data))
#     cpu.data[at] = %14
#     goto else15
#   else15:
#     %17 = at + 1
#     %18 = at * 4
#     %19 = 124 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# ppc64le, lanes by cpu_id: 76 instructions and 8 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r14, temporary %r15, temporary %r16, area %r3, base %r4, stride %r5, lanes %r6, data %r7, len(data) %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
104:                                         # %result = False
    li %r10, 0                               # %result = False
    b 3f                                     # %result = False
106:                                         # cpu.data[at + header]: index out of range
    li %r9, -16                              # cpu.data[at + header]: index out of range
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
    addi %r12, %r8, 7                        # %1 = len(data) + 7
    srdi %r12, %r12, 2                       # size = %1 >> 2
    ld %r14, 0(%r9)                          # head = cpu.head
    srdi %r15, %r14, 3                       # %2 = head >> 3
    li %r0, 31                               # at = %2 & 31
    and %r15, %r15, %r0                      # at = %2 & 31
    li %r0, 15                               # %7 = at & 15
    and %r16, %r15, %r0                      # %7 = at & 15
    add %r16, %r16, %r12                     # %8 = %7 + size
    cmpldi %r16, 16                          # if %8 >= 16 goto decided5
    blt 103f                                 # if %8 >= 16 goto decided5
    b 102b                                   # if %8 >= 16 goto decided5
103:                                         # if %8 >= 16 goto decided5
    li %r0, 3                                # %10 = head & 3
    and %r16, %r14, %r0                      # %10 = head & 3
    cmpldi %r16, 3                           # if %10 == 3 goto exit0
    bne 105f                                 # if %10 == 3 goto exit0
    b 104b                                   # if %10 == 3 goto exit0
105:                                         # if %10 == 3 goto exit0
    sldi %r16, %r12, 3                       # %11 = size << 3
    add %r12, %r14, %r16                     # %12 = head + %11
    addi %r14, %r12, 1                       # end = %12 + 1
    clrldi %r16, %r8, 32                     # %14 = u32(len(data))
    sldi %r0, %r15, 2                        # cpu.data[at] = %14
    add %r11, %r9, %r0                       # cpu.data[at] = %14
    stw %r16, 204(%r11)                      # cpu.data[at] = %14
    li %r0, 4                                # %18 = at * 4
    mulld %r12, %r15, %r0                    # %18 = at * 4
    li %r0, 124                              # %19 = 124 - %18
    sub %r16, %r0, %r12                      # %19 = 124 - %18
    cmpld %r8, %r16                          # check len(data) <= %19, or IndexError
    ble 107f                                 # check len(data) <= %19, or IndexError
    b 106b                                   # check len(data) <= %19, or IndexError
107:                                         # check len(data) <= %19, or IndexError
    sldi %r0, %r15, 2                        # copy len(data) bytes, data to cpu.data[at + header]
    add %r11, %r9, %r0                       # copy len(data) bytes, data to cpu.data[at + header]
    addi %r12, %r11, 208                     # copy len(data) bytes, data to cpu.data[at + header]
    addi %r16, %r7, 0                        # copy len(data) bytes, data to cpu.data[at + header]
    mr %r11, %r8                             # copy len(data) bytes, data to cpu.data[at + header]
    b 109f                                   # copy len(data) bytes, data to cpu.data[at + header]
108:
    addi %r11, %r11, -16                     # copy len(data) bytes, data to cpu.data[at + header]
    lxvd2x 0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stxvd2x 0, %r12, %r11                    # copy len(data) bytes, data to cpu.data[at + header]
109:
    cmpldi %r11, 16                          # copy len(data) bytes, data to cpu.data[at + header]
    bge 108b                                 # copy len(data) bytes, data to cpu.data[at + header]
    andi. %r0, %r11, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 110f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -8                      # copy len(data) bytes, data to cpu.data[at + header]
    ldx %r0, %r16, %r11                      # copy len(data) bytes, data to cpu.data[at + header]
    stdx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
110:
    andi. %r0, %r11, 4                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 111f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -4                      # copy len(data) bytes, data to cpu.data[at + header]
    lwzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stwx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
111:
    andi. %r0, %r11, 2                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 112f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -2                      # copy len(data) bytes, data to cpu.data[at + header]
    lhzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    sthx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
112:
    andi. %r0, %r11, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    beq 113f                                 # copy len(data) bytes, data to cpu.data[at + header]
    addi %r11, %r11, -1                      # copy len(data) bytes, data to cpu.data[at + header]
    lbzx %r0, %r16, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
    stbx %r0, %r12, %r11                     # copy len(data) bytes, data to cpu.data[at + header]
113:
    li %r10, 1                               # %result = True
    lwsync                                   # cpu.head = end    # commit
    std %r14, 0(%r9)                         # cpu.head = end    # commit
3:
# bytes: 284 in the section, 376 in all
