# write(cpu: Ring, value: u32) -> bool:
#     written = cpu.written
#     %4 = cpu.read
#     %5 = written - %4
#     if %5 != 256 goto else1
#     return False
#   else1:
#     %6 = written % 256
#     check %6 < 256, or IndexError
#     cpu.data[written % 256] = value
#     %7 = written + 1
#     cpu.written = %7
#     return True
#
# ppc64le, lanes by cpu_id: 28 instructions and 8 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, value %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li %r9, 0                                # %result = False
    b 3f                                     # %result = False
104:                                         # cpu.data: index out of range
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
    ld %r10, 0(%r8)                          # written = cpu.written
    ld %r12, 8(%r8)                          # %4 = cpu.read
    sub %r14, %r10, %r12                     # %5 = written - %4
    cmpldi %r14, 256                         # if %5 == 256 goto exit0
    bne 103f                                 # if %5 == 256 goto exit0
    b 102b                                   # if %5 == 256 goto exit0
103:                                         # if %5 == 256 goto exit0
    li %r0, 255                              # %6 = written & 255
    and %r12, %r10, %r0                      # %6 = written & 255
    cmpldi %r12, 256                         # check %6 < 256, or IndexError
    blt 105f                                 # check %6 < 256, or IndexError
    b 104b                                   # check %6 < 256, or IndexError
105:                                         # check %6 < 256, or IndexError
    sldi %r0, %r12, 2                        # cpu.data[written % 256] = value
    add %r11, %r8, %r0                       # cpu.data[written % 256] = value
    stw %r7, 24(%r11)                        # cpu.data[written % 256] = value
    addi %r14, %r10, 1                       # %7 = written + 1
    li %r9, 1                                # %result = True
    std %r14, 0(%r8)                         # cpu.written = %7    # commit
3:
# bytes: 92 in the section, 184 in all
