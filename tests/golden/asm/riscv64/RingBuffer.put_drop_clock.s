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
# riscv64, lanes by cpu_id: 83 instructions and 14 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, temporary t3, temporary t4, temporary t5, area a0, base a1, stride a2, lanes a3, data a4, len(data) a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
103:                                         # cpu.data: index out of range
    li a6, -16                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    li a6, -17                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    li a6, -18                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
106:                                         # cpu.data: index out of range
    li a6, -19                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
107:                                         # cpu.data[at]: index out of range
    li a6, -20                               # cpu.data[at]: index out of range
    j 3f                                     # cpu.data[at]: index out of range
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
    addi t0, a5, 15                          # %1 = len(data) + 15
    srli t0, t0, 2                           # size = %1 >> 2
    ld t1, 0(a6)                             # head = cpu.head
    andi t2, t1, 15                          # at = head & 15
    add t1, t1, t0                           # end = head + size
    add t3, t2, t0                           # %7 = at + size
    li t0, 16                                # %constant1 = 16
    bltu t0, t3, 101f                        # if %7 > %constant1 goto decided5
    ld t3, 80(a6)                            # %9 = cpu.tail    # acquire
    fence r, rw                              # %9 = cpu.tail    # acquire
    sub t0, t1, t3                           # %10 = end - %9
    li t3, 16                                # %constant2 = 16
    bgeu t3, t0, 102f                        # if %10 <= %constant2 goto else3
101:
    li a7, 0                                 # %result = False
    j 3f                                     # goto end
102:
    rdtime t0                                # now = clock()
    li t3, 16                                # check at < 16, or IndexError
    bgeu t2, t3, 103b                        # check at < 16, or IndexError
    slli t3, a5, 32                          # %13 = u32(len(data))
    srli t3, t3, 32                          # %13 = u32(len(data))
    slli t4, t2, 2                           # cpu.data[at] = %13
    add t4, t4, a6                           # cpu.data[at] = %13
    sw t3, 172(t4)                           # cpu.data[at] = %13
    addi t4, t2, 1                           # %14 = at + 1
    mv t2, t4                                # at = %14
    li t3, 16                                # check at < 16, or IndexError
    bgeu t2, t3, 104b                        # check at < 16, or IndexError
    slli t4, t0, 32                          # %15 = u32(now)
    srli t4, t4, 32                          # %15 = u32(now)
    slli t3, t2, 2                           # cpu.data[at] = %15
    add t3, t3, a6                           # cpu.data[at] = %15
    sw t4, 172(t3)                           # cpu.data[at] = %15
    addi t3, t2, 1                           # %16 = at + 1
    mv t2, t3                                # at = %16
    li t4, 16                                # check at < 16, or IndexError
    bgeu t2, t4, 105b                        # check at < 16, or IndexError
    srli t3, t0, 32                          # %17 = now >> 32
    slli t4, t3, 32                          # %18 = u32(%17)
    srli t4, t4, 32                          # %18 = u32(%17)
    slli t0, t2, 2                           # cpu.data[at] = %18
    add t0, t0, a6                           # cpu.data[at] = %18
    sw t4, 172(t0)                           # cpu.data[at] = %18
    addi t3, t2, 1                           # %19 = at + 1
    mv t2, t3                                # at = %19
    li t0, 17                                # check at < 17, or IndexError
    bgeu t2, t0, 106b                        # check at < 17, or IndexError
    li t4, 4                                 # %constant3 = 4
    mul t3, t2, t4                           # %20 = at * %constant3
    li t0, 64                                # %constant4 = 64
    sub t4, t0, t3                           # %21 = %constant4 - %20
    bgtu a5, t4, 107b                        # check len(data) <= %21, or IndexError
    slli t0, t2, 2                           # copy len(data) bytes, data to cpu.data[at]
    add t0, t0, a6                           # copy len(data) bytes, data to cpu.data[at]
    addi t0, t0, 172                         # copy len(data) bytes, data to cpu.data[at]
    addi t3, a4, 0                           # copy len(data) bytes, data to cpu.data[at]
    mv t4, a5                                # copy len(data) bytes, data to cpu.data[at]
    or t5, t0, t3                            # copy len(data) bytes, data to cpu.data[at]
    andi t5, t5, 7                           # copy len(data) bytes, data to cpu.data[at]
    bnez t5, 109f                            # copy len(data) bytes, data to cpu.data[at]
108:
    sltiu t5, t4, 8                          # copy len(data) bytes, data to cpu.data[at]
    bnez t5, 109f                            # copy len(data) bytes, data to cpu.data[at]
    ld t5, 0(t3)                             # copy len(data) bytes, data to cpu.data[at]
    sd t5, 0(t0)                             # copy len(data) bytes, data to cpu.data[at]
    addi t3, t3, 8                           # copy len(data) bytes, data to cpu.data[at]
    addi t0, t0, 8                           # copy len(data) bytes, data to cpu.data[at]
    addi t4, t4, -8                          # copy len(data) bytes, data to cpu.data[at]
    j 108b                                   # copy len(data) bytes, data to cpu.data[at]
109:
    beqz t4, 110f                            # copy len(data) bytes, data to cpu.data[at]
    lbu t5, 0(t3)                            # copy len(data) bytes, data to cpu.data[at]
    sb t5, 0(t0)                             # copy len(data) bytes, data to cpu.data[at]
    addi t3, t3, 1                           # copy len(data) bytes, data to cpu.data[at]
    addi t0, t0, 1                           # copy len(data) bytes, data to cpu.data[at]
    addi t4, t4, -1                          # copy len(data) bytes, data to cpu.data[at]
    j 109b                                   # copy len(data) bytes, data to cpu.data[at]
110:
    li a7, 1                                 # %result = True
    fence rw, w                              # cpu.head = end    # commit
    sd t1, 0(a6)                             # cpu.head = end    # commit
3:
# bytes: 266 in the section, 344 in all
