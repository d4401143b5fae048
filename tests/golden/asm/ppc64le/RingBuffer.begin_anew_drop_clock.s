# begin_anew(cpu: Ring, size: u64) -> bool:
#     head = cpu.head
#     at = head & 15
#     %1 = head | 15
#     start = %1 + 1
#     if size > 16 goto decided4
#     %7 = at + size
#     if %7 <= 16 goto decided4
#     %9 = start + size
#     %10 = cpu.tail    # acquire
#     %11 = %9 - %10
#     if %11 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     cpu.data[at] = 4294967295
#     cpu.head = start
#     return True
#
# ppc64le, lanes by cpu_id: 41 instructions and 6 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, temporary %r15, area %r3, base %r4, stride %r5, lanes %r6, size %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
105:                                         # %result = False
    li %r9, 0                                # %result = False
    b 3f                                     # %result = False
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
    li %r0, 15                               # at = head & 15
    and %r12, %r10, %r0                      # at = head & 15
    li %r0, 15                               # %1 = head | 15
    or %r10, %r10, %r0                       # %1 = head | 15
    addi %r10, %r10, 1                       # start = %1 + 1
    cmpldi %r7, 16                           # if size > 16 goto decided4
    ble 103f                                 # if size > 16 goto decided4
    b 102b                                   # if size > 16 goto decided4
103:                                         # if size > 16 goto decided4
    add %r14, %r12, %r7                      # %7 = at + size
    cmpldi %r14, 16                          # if %7 <= 16 goto decided4
    bgt 104f                                 # if %7 <= 16 goto decided4
    b 102b                                   # if %7 <= 16 goto decided4
104:                                         # if %7 <= 16 goto decided4
    add %r14, %r10, %r7                      # %9 = start + size
    ld %r15, 80(%r8)                         # %10 = cpu.tail    # acquire
    lwsync                                   # %10 = cpu.tail    # acquire
    sub %r14, %r14, %r15                     # %11 = %9 - %10
    cmpldi %r14, 16                          # if %11 > 16 goto exit0
    ble 106f                                 # if %11 > 16 goto exit0
    b 105b                                   # if %11 > 16 goto exit0
106:                                         # if %11 > 16 goto exit0
    sldi %r0, %r12, 2                        # cpu.data[at] = 4294967295
    add %r11, %r8, %r0                       # cpu.data[at] = 4294967295
    li %r0, 0                                # cpu.data[at] = 4294967295
    sldi %r0, %r0, 32                        # cpu.data[at] = 4294967295
    oris %r0, %r0, 65535                     # cpu.data[at] = 4294967295
    ori %r0, %r0, 65535                      # cpu.data[at] = 4294967295
    stw %r0, 156(%r11)                       # cpu.data[at] = 4294967295
    li %r9, 1                                # %result = True
    lwsync                                   # cpu.head = start    # commit
    std %r10, 0(%r8)                         # cpu.head = start    # commit
3:
# bytes: 144 in the section, 248 in all
