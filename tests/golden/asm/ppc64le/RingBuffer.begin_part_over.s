# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 3
#     position = %1
#     %2 = position & 15
#     end = %2 + size
#     if end >= 16 goto else3
#     %7 = head & 3
#     if %7 == 3 goto else3
#     return
#   else3:
#     %8 = head & 3
#     serial = %8
#     %11 = head & 4
#     if %11 == 0 goto else9
#     %12 = cpu.odd
#     %13 = serial + %12
#     serial = %13
#     cpu.even = serial
#     goto endif10
#   else9:
#     %14 = cpu.even
#     %15 = serial + %14
#     serial = %15
#     cpu.odd = serial
#   endif10:
#     if end < 16 goto else16
#     %19 = position & 31
#     cpu.data[position & last] = 4294967295
#     %20 = position | 15
#     %21 = %20 + 1
#     position = %21
#     %22 = position & 31
#     %23 = u32(serial)
#     cpu.data[position & last] = %23
#     %24 = position & 31
#     %25 = %24 + 1
#     check %25 < 32, or IndexError
#     %26 = serial >> 32
#     %27 = u32(%26)
#     cpu.data[(position & last) + 1] = %27
#     %28 = position + 2
#     position = %28
#   else16:
#     %29 = position << 3
#     %30 = head ^ 18446744073709551615
#     %31 = %30 & 4
#     %32 = %29 | %31
#     cpu.head = %32
#     return
#
# ppc64le, lanes by cpu_id: 78 instructions and 6 cold
# registers: status %r8, temporary %r9, temporary %r10, temporary %r12, temporary %r14, temporary %r15, temporary %r16, area %r3, base %r4, stride %r5, lanes %r6, size %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
106:                                         # cpu.data: index out of range
    li %r8, -16                              # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
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
    ld %r9, 0(%r8)                           # head = cpu.head
    srdi %r10, %r9, 3                        # position = head >> 3
    li %r0, 15                               # %2 = position & 15
    and %r12, %r10, %r0                      # %2 = position & 15
    add %r12, %r12, %r7                      # end = %2 + size
    cmpldi %r12, 16                          # if end >= 16 goto else3
    bge 102f                                 # if end >= 16 goto else3
    li %r0, 3                                # %7 = head & 3
    and %r14, %r9, %r0                       # %7 = head & 3
    cmpldi %r14, 3                           # if %7 != 3 goto end
    bne 3f                                   # if %7 != 3 goto end
102:
    li %r0, 3                                # serial = head & 3
    and %r14, %r9, %r0                       # serial = head & 3
    li %r0, 4                                # %11 = head & 4
    and %r15, %r9, %r0                       # %11 = head & 4
    cmpldi %r15, 0                           # if %11 == 0 goto else9
    beq 103f                                 # if %11 == 0 goto else9
    ld %r15, 24(%r8)                         # %12 = cpu.odd
    add %r16, %r14, %r15                     # %13 = serial + %12
    mr %r14, %r16                            # serial = %13
    std %r14, 16(%r8)                        # cpu.even = serial
    b 104f                                   # goto endif10
103:
    ld %r15, 16(%r8)                         # %14 = cpu.even
    add %r16, %r14, %r15                     # %15 = serial + %14
    mr %r14, %r16                            # serial = %15
    std %r14, 24(%r8)                        # cpu.odd = serial
104:
    cmpldi %r12, 16                          # if end < 16 goto else16
    blt 105f                                 # if end < 16 goto else16
    li %r0, 31                               # %19 = position & 31
    and %r15, %r10, %r0                      # %19 = position & 31
    sldi %r0, %r15, 2                        # cpu.data[position & last] = 4294967295
    add %r11, %r8, %r0                       # cpu.data[position & last] = 4294967295
    li %r0, 0                                # cpu.data[position & last] = 4294967295
    sldi %r0, %r0, 32                        # cpu.data[position & last] = 4294967295
    oris %r0, %r0, 65535                     # cpu.data[position & last] = 4294967295
    ori %r0, %r0, 65535                      # cpu.data[position & last] = 4294967295
    stw %r0, 204(%r11)                       # cpu.data[position & last] = 4294967295
    li %r0, 15                               # %20 = position | 15
    or %r16, %r10, %r0                       # %20 = position | 15
    addi %r10, %r16, 1                       # position = %20 + 1
    li %r0, 31                               # %22 = position & 31
    and %r12, %r10, %r0                      # %22 = position & 31
    clrldi %r15, %r14, 32                    # %23 = u32(serial)
    sldi %r0, %r12, 2                        # cpu.data[position & last] = %23
    add %r11, %r8, %r0                       # cpu.data[position & last] = %23
    stw %r15, 204(%r11)                      # cpu.data[position & last] = %23
    li %r0, 31                               # %24 = position & 31
    and %r16, %r10, %r0                      # %24 = position & 31
    addi %r12, %r16, 1                       # %25 = %24 + 1
    cmpldi %r12, 32                          # check %25 < 32, or IndexError
    blt 107f                                 # check %25 < 32, or IndexError
    b 106b                                   # check %25 < 32, or IndexError
107:                                         # check %25 < 32, or IndexError
    srdi %r15, %r14, 32                      # %26 = serial >> 32
    clrldi %r12, %r15, 32                    # %27 = u32(%26)
    sldi %r0, %r16, 2                        # cpu.data[(position & last) + 1] = %27
    add %r11, %r8, %r0                       # cpu.data[(position & last) + 1] = %27
    stw %r12, 208(%r11)                      # cpu.data[(position & last) + 1] = %27
    addi %r14, %r10, 2                       # %28 = position + 2
    mr %r10, %r14                            # position = %28
105:
    sldi %r15, %r10, 3                       # %29 = position << 3
    li %r0, -1                               # %30 = head ^ 18446744073709551615
    xor %r16, %r9, %r0                       # %30 = head ^ 18446744073709551615
    li %r0, 4                                # %31 = %30 & 4
    and %r12, %r16, %r0                      # %31 = %30 & 4
    or %r14, %r15, %r12                      # %32 = %29 | %31
    lwsync                                   # cpu.head = %32    # commit
    std %r14, 0(%r8)                         # cpu.head = %32    # commit
3:
# bytes: 292 in the section, 376 in all
