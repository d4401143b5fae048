# put(cpu: Rows, data: bytes, len(data): u64) -> bool:
#     head = cpu.head
#     %6 = cpu.tail    # acquire
#     %7 = head - %6
#     if %7 < 2 goto else3
#     return False
#   else3:
#     %10 = head & 1
#     %11 = clock()
#     cpu.stamps[head & last] = %11
#     goto else12
#   else12:
#     %14 = head & 1
#     %15 = %14 * 12
#     %16 = 24 - %15
#     %17 = 12
#     check %17 <= len(data), or IndexError
#     copy 12 bytes, data to cpu.data[(head & last) * size]
#     %18 = head + 1
#     cpu.head = %18
#     return True
#
# riscv64, lanes by cpu_id: 48 instructions and 8 cold
# registers: status a6, result a7, temporary t0, temporary t1, temporary t2, temporary t3, temporary t4, temporary t5, area a0, base a1, stride a2, lanes a3, data a4, len(data) a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a6, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    li a7, 0                                 # %result = False
    j 3f                                     # %result = False
102:                                         # data: index out of range
    li a6, -16                               # data: index out of range
    j 3f                                     # data: index out of range
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
    ld t0, 0(a6)                             # head = cpu.head
    ld t1, 80(a6)                            # %6 = cpu.tail    # acquire
    fence r, rw                              # %6 = cpu.tail    # acquire
    sub t2, t0, t1                           # %7 = head - %6
    li t1, 2                                 # %constant1 = 2
    bgeu t2, t1, 101b                        # if %7 >= %constant1 goto exit0
    andi t2, t0, 1                           # %10 = head & 1
    rdtime t1                                # %11 = clock()
    slli t3, t2, 3                           # cpu.stamps[head & last] = %11
    add t3, t3, a6                           # cpu.stamps[head & last] = %11
    sd t1, 176(t3)                           # cpu.stamps[head & last] = %11
    andi t3, t0, 1                           # %14 = head & 1
    li t2, 12                                # %constant2 = 12
    mul t1, t3, t2                           # %15 = %14 * %constant2
    li t3, 12                                # %17 = 12
    bgtu t3, a5, 102b                        # check %17 <= len(data), or IndexError
    add t2, t1, a6                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t2, t2, 152                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t3, a4, 0                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    li t4, 12                                # copy 12 bytes, data to cpu.data[(head & last) * size]
    or t5, t2, t3                            # copy 12 bytes, data to cpu.data[(head & last) * size]
    andi t5, t5, 7                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    bnez t5, 104f                            # copy 12 bytes, data to cpu.data[(head & last) * size]
103:
    sltiu t5, t4, 8                          # copy 12 bytes, data to cpu.data[(head & last) * size]
    bnez t5, 104f                            # copy 12 bytes, data to cpu.data[(head & last) * size]
    ld t5, 0(t3)                             # copy 12 bytes, data to cpu.data[(head & last) * size]
    sd t5, 0(t2)                             # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t3, t3, 8                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t2, t2, 8                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t4, t4, -8                          # copy 12 bytes, data to cpu.data[(head & last) * size]
    j 103b                                   # copy 12 bytes, data to cpu.data[(head & last) * size]
104:
    beqz t4, 105f                            # copy 12 bytes, data to cpu.data[(head & last) * size]
    lbu t5, 0(t3)                            # copy 12 bytes, data to cpu.data[(head & last) * size]
    sb t5, 0(t2)                             # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t3, t3, 1                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t2, t2, 1                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi t4, t4, -1                          # copy 12 bytes, data to cpu.data[(head & last) * size]
    j 104b                                   # copy 12 bytes, data to cpu.data[(head & last) * size]
105:
    addi t2, t0, 1                           # %18 = head + 1
    li a7, 1                                 # %result = True
    fence rw, w                              # cpu.head = %18    # commit
    sd t2, 0(a6)                             # cpu.head = %18    # commit
3:
# bytes: 152 in the section, 216 in all
