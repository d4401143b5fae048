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
# riscv64, lanes by cpu_id: 76 instructions and 14 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, temporary t3, temporary t4, area a0, base a1, stride a2, lanes a3, data a4, len(data) a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    li a7, 0                                 # %result = False
    j 3f                                     # %result = False
103:                                         # cpu.data: index out of range
    li a6, -16                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    li a6, -17                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    li a6, -18                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
106:                                         # cpu.data[at + header]: index out of range
    li a6, -19                               # cpu.data[at + header]: index out of range
    j 3f                                     # cpu.data[at + header]: index out of range
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a6, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a6, 77b                              # restart
    sd a6, 8(a0)                             # restart
2:                                           # restart
    lw a6, 4(a0)                             # this CPU's lane
    bgeu a6, a3, 9b                          # this CPU's lane
    mul a6, a6, a2                           # this CPU's lane
    add a6, a6, a1                           # this CPU's lane
    addi a7, a5, 15                          # %1 = len(data) + 15
    srli a7, a7, 2                           # size = %1 >> 2
    ld t0, 0(a6)                             # head = cpu.head
    andi t1, t0, 15                          # at = head & 15
    add t0, t0, a7                           # end = head + size
    add t2, t1, a7                           # %6 = at + size
    li a7, 16                                # %constant1 = 16
    bltu a7, t2, 101b                        # if %6 > %constant1 goto decided4
    ld a7, 80(a6)                            # %8 = cpu.tail    # acquire
    fence r, rw                              # %8 = cpu.tail    # acquire
    sub t2, t0, a7                           # %9 = end - %8
    li a7, 16                                # %constant2 = 16
    bltu a7, t2, 102b                        # if %9 > %constant2 goto exit0
    slli a7, a5, 32                          # %11 = u32(len(data))
    srli a7, a7, 32                          # %11 = u32(len(data))
    slli t2, t1, 2                           # cpu.data[at] = %11
    add t2, t2, a6                           # cpu.data[at] = %11
    sw a7, 156(t2)                           # cpu.data[at] = %11
    rdtime a7                                # fill.1.now = clock()
    addi t2, t1, 1                           # %14 = at + 1
    li t3, 16                                # check %14 < 16, or IndexError
    bgeu t2, t3, 103b                        # check %14 < 16, or IndexError
    slli t2, a7, 32                          # %15 = u32(fill.1.now)
    srli t2, t2, 32                          # %15 = u32(fill.1.now)
    slli t3, t1, 2                           # cpu.data[at + 1] = %15
    add t3, t3, a6                           # cpu.data[at + 1] = %15
    sw t2, 160(t3)                           # cpu.data[at + 1] = %15
    addi t2, t1, 2                           # %16 = at + 2
    li t3, 16                                # check %16 < 16, or IndexError
    bgeu t2, t3, 104b                        # check %16 < 16, or IndexError
    srli a7, a7, 32                          # %17 = fill.1.now >> 32
    slli a7, a7, 32                          # %18 = u32(%17)
    srli a7, a7, 32                          # %18 = u32(%17)
    slli t3, t2, 2                           # cpu.data[at + 2] = %18
    add t3, t3, a6                           # cpu.data[at + 2] = %18
    sw a7, 156(t3)                           # cpu.data[at + 2] = %18
    addi t1, t1, 3                           # %19 = at + 3
    li a7, 17                                # check %19 < 17, or IndexError
    bgeu t1, a7, 105b                        # check %19 < 17, or IndexError
    li a7, 4                                 # %constant3 = 4
    mul t2, t1, a7                           # %20 = %19 * %constant3
    li a7, 64                                # %constant4 = 64
    sub a7, a7, t2                           # %21 = %constant4 - %20
    bgtu a5, a7, 106b                        # check len(data) <= %21, or IndexError
    slli a7, t1, 2                           # copy len(data) bytes, data to cpu.data[at + header]
    add a7, a7, a6                           # copy len(data) bytes, data to cpu.data[at + header]
    addi a7, a7, 156                         # copy len(data) bytes, data to cpu.data[at + header]
    addi t2, a4, 0                           # copy len(data) bytes, data to cpu.data[at + header]
    mv t3, a5                                # copy len(data) bytes, data to cpu.data[at + header]
    or t4, a7, t2                            # copy len(data) bytes, data to cpu.data[at + header]
    andi t4, t4, 7                           # copy len(data) bytes, data to cpu.data[at + header]
    bnez t4, 108f                            # copy len(data) bytes, data to cpu.data[at + header]
107:
    sltiu t4, t3, 8                          # copy len(data) bytes, data to cpu.data[at + header]
    bnez t4, 108f                            # copy len(data) bytes, data to cpu.data[at + header]
    ld t4, 0(t2)                             # copy len(data) bytes, data to cpu.data[at + header]
    sd t4, 0(a7)                             # copy len(data) bytes, data to cpu.data[at + header]
    addi t2, t2, 8                           # copy len(data) bytes, data to cpu.data[at + header]
    addi a7, a7, 8                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t3, t3, -8                          # copy len(data) bytes, data to cpu.data[at + header]
    j 107b                                   # copy len(data) bytes, data to cpu.data[at + header]
108:
    beqz t3, 109f                            # copy len(data) bytes, data to cpu.data[at + header]
    lbu t4, 0(t2)                            # copy len(data) bytes, data to cpu.data[at + header]
    sb t4, 0(a7)                             # copy len(data) bytes, data to cpu.data[at + header]
    addi t2, t2, 1                           # copy len(data) bytes, data to cpu.data[at + header]
    addi a7, a7, 1                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t3, t3, -1                          # copy len(data) bytes, data to cpu.data[at + header]
    j 108b                                   # copy len(data) bytes, data to cpu.data[at + header]
109:
    li a7, 1                                 # %result = True
    fence rw, w                              # cpu.head = end    # commit
    sd t0, 0(a6)                             # cpu.head = end    # commit
3:
# bytes: 246 in the section, 344 in all
