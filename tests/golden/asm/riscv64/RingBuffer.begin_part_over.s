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
# riscv64, lanes by cpu_id: 61 instructions and 6 cold
# registers: status a5, temporary a6, temporary a7, temporary t0, temporary t1, temporary t2, temporary t3, area a0, base a1, stride a2, lanes a3, size a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
105:                                         # cpu.data: index out of range
    li a5, -16                               # cpu.data: index out of range
    j 3f                                     # cpu.data: index out of range
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a5, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a5, 77b                              # restart
    sd a5, 8(a0)                             # restart
2:                                           # restart
    lw a5, 4(a0)                             # this CPU's lane
    bgeu a5, a3, 9b                          # this CPU's lane
    mul a5, a5, a2                           # this CPU's lane
    add a5, a5, a1                           # this CPU's lane
    ld a6, 0(a5)                             # head = cpu.head
    srli a7, a6, 3                           # position = head >> 3
    andi t0, a7, 15                          # %2 = position & 15
    add t0, t0, a4                           # end = %2 + size
    li t1, 16                                # %constant1 = 16
    bgeu t0, t1, 101f                        # if end >= %constant1 goto else3
    andi t1, a6, 3                           # %7 = head & 3
    li t2, 3                                 # %constant2 = 3
    bne t1, t2, 3f                           # if %7 != %constant2 goto end
101:
    andi t1, a6, 3                           # serial = head & 3
    andi t2, a6, 4                           # %11 = head & 4
    beq t2, zero, 102f                       # if %11 == 0 goto else9
    ld t2, 24(a5)                            # %12 = cpu.odd
    add t3, t1, t2                           # %13 = serial + %12
    mv t1, t3                                # serial = %13
    sd t1, 16(a5)                            # cpu.even = serial
    j 103f                                   # goto endif10
102:
    ld t2, 16(a5)                            # %14 = cpu.even
    add t3, t1, t2                           # %15 = serial + %14
    mv t1, t3                                # serial = %15
    sd t1, 24(a5)                            # cpu.odd = serial
103:
    li t2, 16                                # %constant3 = 16
    bltu t0, t2, 104f                        # if end < %constant3 goto else16
    andi t3, a7, 31                          # %19 = position & 31
    li t0, 4294967295                        # %constant4 = 4294967295
    slli t2, t3, 2                           # cpu.data[position & last] = %constant4
    add t2, t2, a5                           # cpu.data[position & last] = %constant4
    sw t0, 204(t2)                           # cpu.data[position & last] = %constant4
    ori t2, a7, 15                           # %20 = position | 15
    addi a7, t2, 1                           # position = %20 + 1
    andi t3, a7, 31                          # %22 = position & 31
    slli t0, t1, 32                          # %23 = u32(serial)
    srli t0, t0, 32                          # %23 = u32(serial)
    slli t2, t3, 2                           # cpu.data[position & last] = %23
    add t2, t2, a5                           # cpu.data[position & last] = %23
    sw t0, 204(t2)                           # cpu.data[position & last] = %23
    andi t2, a7, 31                          # %24 = position & 31
    addi t3, t2, 1                           # %25 = %24 + 1
    li t0, 32                                # check %25 < 32, or IndexError
    bgeu t3, t0, 105b                        # check %25 < 32, or IndexError
    srli t0, t1, 32                          # %26 = serial >> 32
    slli t3, t0, 32                          # %27 = u32(%26)
    srli t3, t3, 32                          # %27 = u32(%26)
    slli t1, t2, 2                           # cpu.data[(position & last) + 1] = %27
    add t1, t1, a5                           # cpu.data[(position & last) + 1] = %27
    sw t3, 208(t1)                           # cpu.data[(position & last) + 1] = %27
    addi t0, a7, 2                           # %28 = position + 2
    mv a7, t0                                # position = %28
104:
    slli t1, a7, 3                           # %29 = position << 3
    li t2, -1                                # %constant5 = 18446744073709551615
    xor t3, a6, t2                           # %30 = head ^ %constant5
    andi t0, t3, 4                           # %31 = %30 & 4
    or a7, t1, t0                            # %32 = %29 | %31
    fence rw, w                              # cpu.head = %32    # commit
    sd a7, 0(a5)                             # cpu.head = %32    # commit
3:
# bytes: 210 in the section, 280 in all
