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
# riscv64, lanes by cpu_id: 57 instructions and 8 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, temporary t3, temporary t4, temporary t5, area a0, base a1, stride a2, lanes a3, data a4, len(data) a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    li a7, 0                                 # %result = False
    j 3f                                     # %result = False
103:                                         # cpu.data[at + header]: index out of range
    li a6, -16                               # cpu.data[at + header]: index out of range
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
    addi t0, a5, 7                           # %1 = len(data) + 7
    srli t0, t0, 2                           # size = %1 >> 2
    ld t1, 0(a6)                             # head = cpu.head
    srli t2, t1, 3                           # %2 = head >> 3
    andi t2, t2, 31                          # at = %2 & 31
    andi t3, t2, 15                          # %7 = at & 15
    add t3, t3, t0                           # %8 = %7 + size
    li t4, 16                                # %constant1 = 16
    bgeu t3, t4, 101b                        # if %8 >= %constant1 goto decided5
    andi t3, t1, 3                           # %10 = head & 3
    li t4, 3                                 # %constant2 = 3
    beq t3, t4, 102b                         # if %10 == %constant2 goto exit0
    slli t3, t0, 3                           # %11 = size << 3
    add t4, t1, t3                           # %12 = head + %11
    addi t0, t4, 1                           # end = %12 + 1
    slli t1, a5, 32                          # %14 = u32(len(data))
    srli t1, t1, 32                          # %14 = u32(len(data))
    slli t3, t2, 2                           # cpu.data[at] = %14
    add t3, t3, a6                           # cpu.data[at] = %14
    sw t1, 204(t3)                           # cpu.data[at] = %14
    li t4, 4                                 # %constant3 = 4
    mul t3, t2, t4                           # %18 = at * %constant3
    li t1, 124                               # %constant4 = 124
    sub t4, t1, t3                           # %19 = %constant4 - %18
    bgtu a5, t4, 103b                        # check len(data) <= %19, or IndexError
    slli t1, t2, 2                           # copy len(data) bytes, data to cpu.data[at + header]
    add t1, t1, a6                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t1, t1, 208                         # copy len(data) bytes, data to cpu.data[at + header]
    addi t3, a4, 0                           # copy len(data) bytes, data to cpu.data[at + header]
    mv t4, a5                                # copy len(data) bytes, data to cpu.data[at + header]
    or t5, t1, t3                            # copy len(data) bytes, data to cpu.data[at + header]
    andi t5, t5, 7                           # copy len(data) bytes, data to cpu.data[at + header]
    bnez t5, 105f                            # copy len(data) bytes, data to cpu.data[at + header]
104:
    sltiu t5, t4, 8                          # copy len(data) bytes, data to cpu.data[at + header]
    bnez t5, 105f                            # copy len(data) bytes, data to cpu.data[at + header]
    ld t5, 0(t3)                             # copy len(data) bytes, data to cpu.data[at + header]
    sd t5, 0(t1)                             # copy len(data) bytes, data to cpu.data[at + header]
    addi t3, t3, 8                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t1, t1, 8                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t4, t4, -8                          # copy len(data) bytes, data to cpu.data[at + header]
    j 104b                                   # copy len(data) bytes, data to cpu.data[at + header]
105:
    beqz t4, 106f                            # copy len(data) bytes, data to cpu.data[at + header]
    lbu t5, 0(t3)                            # copy len(data) bytes, data to cpu.data[at + header]
    sb t5, 0(t1)                             # copy len(data) bytes, data to cpu.data[at + header]
    addi t3, t3, 1                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t1, t1, 1                           # copy len(data) bytes, data to cpu.data[at + header]
    addi t4, t4, -1                          # copy len(data) bytes, data to cpu.data[at + header]
    j 105b                                   # copy len(data) bytes, data to cpu.data[at + header]
106:
    li a7, 1                                 # %result = True
    fence rw, w                              # cpu.head = end    # commit
    sd t0, 0(a6)                             # cpu.head = end    # commit
3:
# bytes: 184 in the section, 248 in all
