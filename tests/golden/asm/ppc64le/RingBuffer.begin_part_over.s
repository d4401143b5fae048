# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 4
#     here = %1 & 31
#     %5 = here & 15
#     %6 = %5 + size
#     if %6 >= 16 goto else2
#     %8 = head & 15
#     if %8 == 15 goto else2
#     return
#   else2:
#     cpu.data[here] = 4294967295
#     %9 = head >> 4
#     %10 = %9 | 15
#     start = %10 + 1
#     %11 = head & 15
#     serial = %11
#     %14 = start & 16
#     if %14 == 0 goto else12
#     %15 = cpu.even
#     %16 = serial + %15
#     serial = %16
#     cpu.odd = serial
#     goto endif13
#   else12:
#     %17 = cpu.odd
#     %18 = serial + %17
#     serial = %18
#     cpu.even = serial
#   endif13:
#     at = start & 31
#     %19 = u32(serial)
#     cpu.data[at] = %19
#     %20 = at + 1
#     check %20 < 32, or IndexError
#     %21 = serial >> 32
#     %22 = u32(%21)
#     cpu.data[at + 1] = %22
#     %23 = start + 2
#     %24 = %23 << 4
#     cpu.head = %24
#     return
#
# ppc64le, lanes by cpu_id: 69 instructions and 6 cold
# registers: status %r8, temporary %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, size %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
105:                                         # cpu.data: index out of range
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
    srdi %r10, %r9, 4                        # %1 = head >> 4
    li %r0, 31                               # here = %1 & 31
    and %r10, %r10, %r0                      # here = %1 & 31
    li %r0, 15                               # %5 = here & 15
    and %r12, %r10, %r0                      # %5 = here & 15
    add %r12, %r12, %r7                      # %6 = %5 + size
    cmpldi %r12, 16                          # if %6 >= 16 goto else2
    bge 102f                                 # if %6 >= 16 goto else2
    li %r0, 15                               # %8 = head & 15
    and %r12, %r9, %r0                       # %8 = head & 15
    cmpldi %r12, 15                          # if %8 != 15 goto end
    bne 3f                                   # if %8 != 15 goto end
102:
    sldi %r0, %r10, 2                        # cpu.data[here] = 4294967295
    add %r11, %r8, %r0                       # cpu.data[here] = 4294967295
    li %r0, 0                                # cpu.data[here] = 4294967295
    sldi %r0, %r0, 32                        # cpu.data[here] = 4294967295
    oris %r0, %r0, 65535                     # cpu.data[here] = 4294967295
    ori %r0, %r0, 65535                      # cpu.data[here] = 4294967295
    stw %r0, 204(%r11)                       # cpu.data[here] = 4294967295
    srdi %r12, %r9, 4                        # %9 = head >> 4
    li %r0, 15                               # %10 = %9 | 15
    or %r10, %r12, %r0                       # %10 = %9 | 15
    addi %r12, %r10, 1                       # start = %10 + 1
    li %r0, 15                               # serial = head & 15
    and %r10, %r9, %r0                       # serial = head & 15
    li %r0, 16                               # %14 = start & 16
    and %r9, %r12, %r0                       # %14 = start & 16
    cmpldi %r9, 0                            # if %14 == 0 goto else12
    beq 103f                                 # if %14 == 0 goto else12
    ld %r9, 16(%r8)                          # %15 = cpu.even
    add %r14, %r10, %r9                      # %16 = serial + %15
    mr %r10, %r14                            # serial = %16
    std %r10, 24(%r8)                        # cpu.odd = serial
    b 104f                                   # goto endif13
103:
    ld %r9, 24(%r8)                          # %17 = cpu.odd
    add %r14, %r10, %r9                      # %18 = serial + %17
    mr %r10, %r14                            # serial = %18
    std %r10, 16(%r8)                        # cpu.even = serial
104:
    li %r0, 31                               # at = start & 31
    and %r9, %r12, %r0                       # at = start & 31
    clrldi %r14, %r10, 32                    # %19 = u32(serial)
    sldi %r0, %r9, 2                         # cpu.data[at] = %19
    add %r11, %r8, %r0                       # cpu.data[at] = %19
    stw %r14, 204(%r11)                      # cpu.data[at] = %19
    addi %r14, %r9, 1                        # %20 = at + 1
    cmpldi %r14, 32                          # check %20 < 32, or IndexError
    blt 106f                                 # check %20 < 32, or IndexError
    b 105b                                   # check %20 < 32, or IndexError
106:                                         # check %20 < 32, or IndexError
    srdi %r14, %r10, 32                      # %21 = serial >> 32
    clrldi %r10, %r14, 32                    # %22 = u32(%21)
    sldi %r0, %r9, 2                         # cpu.data[at + 1] = %22
    add %r11, %r8, %r0                       # cpu.data[at + 1] = %22
    stw %r10, 208(%r11)                      # cpu.data[at + 1] = %22
    addi %r14, %r12, 2                       # %23 = start + 2
    sldi %r9, %r14, 4                        # %24 = %23 << 4
    lwsync                                   # cpu.head = %24    # commit
    std %r9, 0(%r8)                          # cpu.head = %24    # commit
3:
# bytes: 256 in the section, 344 in all
