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
# riscv64, lanes by cpu_id: 65 instructions and 10 cold
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
105:                                         # cpu.data[at]: index out of range
    li a6, -18                               # cpu.data[at]: index out of range
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
    addi t0, a5, 7                           # %1 = len(data) + 7
    srli t0, t0, 2                           # size = %1 >> 2
    ld t1, 0(a6)                             # head = cpu.head
    srli t2, t1, 4                           # %2 = head >> 4
    andi t2, t2, 31                          # at = %2 & 31
    andi t3, t2, 15                          # %8 = at & 15
    add t3, t3, t0                           # %9 = %8 + size
    li t4, 16                                # %constant1 = 16
    bgeu t3, t4, 101f                        # if %9 >= %constant1 goto decided6
    andi t3, t1, 15                          # %11 = head & 15
    li t4, 15                                # %constant2 = 15
    bne t3, t4, 102f                         # if %11 != %constant2 goto else4
101:
    li a7, 0                                 # %result = False
    j 3f                                     # goto end
102:
    slli t3, t0, 4                           # %12 = size << 4
    add t4, t1, t3                           # %13 = head + %12
    addi t0, t4, 1                           # end = %13 + 1
    li t1, 32                                # check at < 32, or IndexError
    bgeu t2, t1, 103b                        # check at < 32, or IndexError
    slli t3, a5, 32                          # %16 = u32(len(data))
    srli t3, t3, 32                          # %16 = u32(len(data))
    slli t4, t2, 2                           # cpu.data[at] = %16
    add t4, t4, a6                           # cpu.data[at] = %16
    sw t3, 188(t4)                           # cpu.data[at] = %16
    addi t1, t2, 1                           # %17 = at + 1
    mv t2, t1                                # at = %17
    li t4, 33                                # check at < 33, or IndexError
    bgeu t2, t4, 104b                        # check at < 33, or IndexError
    li t3, 4                                 # %constant3 = 4
    mul t1, t2, t3                           # %18 = at * %constant3
    li t4, 128                               # %constant4 = 128
    sub t3, t4, t1                           # %19 = %constant4 - %18
    bgtu a5, t3, 105b                        # check len(data) <= %19, or IndexError
    slli t4, t2, 2                           # copy len(data) bytes, data to cpu.data[at]
    add t4, t4, a6                           # copy len(data) bytes, data to cpu.data[at]
    addi t4, t4, 188                         # copy len(data) bytes, data to cpu.data[at]
    addi t1, a4, 0                           # copy len(data) bytes, data to cpu.data[at]
    mv t3, a5                                # copy len(data) bytes, data to cpu.data[at]
    or t5, t4, t1                            # copy len(data) bytes, data to cpu.data[at]
    andi t5, t5, 7                           # copy len(data) bytes, data to cpu.data[at]
    bnez t5, 107f                            # copy len(data) bytes, data to cpu.data[at]
106:
    sltiu t5, t3, 8                          # copy len(data) bytes, data to cpu.data[at]
    bnez t5, 107f                            # copy len(data) bytes, data to cpu.data[at]
    ld t5, 0(t1)                             # copy len(data) bytes, data to cpu.data[at]
    sd t5, 0(t4)                             # copy len(data) bytes, data to cpu.data[at]
    addi t1, t1, 8                           # copy len(data) bytes, data to cpu.data[at]
    addi t4, t4, 8                           # copy len(data) bytes, data to cpu.data[at]
    addi t3, t3, -8                          # copy len(data) bytes, data to cpu.data[at]
    j 106b                                   # copy len(data) bytes, data to cpu.data[at]
107:
    beqz t3, 108f                            # copy len(data) bytes, data to cpu.data[at]
    lbu t5, 0(t1)                            # copy len(data) bytes, data to cpu.data[at]
    sb t5, 0(t4)                             # copy len(data) bytes, data to cpu.data[at]
    addi t1, t1, 1                           # copy len(data) bytes, data to cpu.data[at]
    addi t4, t4, 1                           # copy len(data) bytes, data to cpu.data[at]
    addi t3, t3, -1                          # copy len(data) bytes, data to cpu.data[at]
    j 107b                                   # copy len(data) bytes, data to cpu.data[at]
108:
    li a7, 1                                 # %result = True
    fence rw, w                              # cpu.head = end    # commit
    sd t0, 0(a6)                             # cpu.head = end    # commit
3:
# bytes: 210 in the section, 280 in all
