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
# riscv64, lanes by cpu_id: 54 instructions and 6 cold
# registers: status a5, temporary a6, temporary a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, size a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
104:                                         # cpu.data: index out of range
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
    srli a7, a6, 4                           # %1 = head >> 4
    andi a7, a7, 31                          # here = %1 & 31
    andi t0, a7, 15                          # %5 = here & 15
    add t0, t0, a4                           # %6 = %5 + size
    li t1, 16                                # %constant1 = 16
    bgeu t0, t1, 101f                        # if %6 >= %constant1 goto else2
    andi t0, a6, 15                          # %8 = head & 15
    li t1, 15                                # %constant2 = 15
    bne t0, t1, 3f                           # if %8 != %constant2 goto end
101:
    li t0, 4294967295                        # %constant3 = 4294967295
    slli t1, a7, 2                           # cpu.data[here] = %constant3
    add t1, t1, a5                           # cpu.data[here] = %constant3
    sw t0, 204(t1)                           # cpu.data[here] = %constant3
    srli t1, a6, 4                           # %9 = head >> 4
    ori a7, t1, 15                           # %10 = %9 | 15
    addi t0, a7, 1                           # start = %10 + 1
    andi t1, a6, 15                          # serial = head & 15
    andi a7, t0, 16                          # %14 = start & 16
    beq a7, zero, 102f                       # if %14 == 0 goto else12
    ld a6, 16(a5)                            # %15 = cpu.even
    add a7, t1, a6                           # %16 = serial + %15
    mv t1, a7                                # serial = %16
    sd t1, 24(a5)                            # cpu.odd = serial
    j 103f                                   # goto endif13
102:
    ld a6, 24(a5)                            # %17 = cpu.odd
    add a7, t1, a6                           # %18 = serial + %17
    mv t1, a7                                # serial = %18
    sd t1, 16(a5)                            # cpu.even = serial
103:
    andi a6, t0, 31                          # at = start & 31
    slli a7, t1, 32                          # %19 = u32(serial)
    srli a7, a7, 32                          # %19 = u32(serial)
    slli t2, a6, 2                           # cpu.data[at] = %19
    add t2, t2, a5                           # cpu.data[at] = %19
    sw a7, 204(t2)                           # cpu.data[at] = %19
    addi t2, a6, 1                           # %20 = at + 1
    li a7, 32                                # check %20 < 32, or IndexError
    bgeu t2, a7, 104b                        # check %20 < 32, or IndexError
    srli a7, t1, 32                          # %21 = serial >> 32
    slli t2, a7, 32                          # %22 = u32(%21)
    srli t2, t2, 32                          # %22 = u32(%21)
    slli t1, a6, 2                           # cpu.data[at + 1] = %22
    add t1, t1, a5                           # cpu.data[at + 1] = %22
    sw t2, 208(t1)                           # cpu.data[at + 1] = %22
    addi a7, t0, 2                           # %23 = start + 2
    slli t1, a7, 4                           # %24 = %23 << 4
    fence rw, w                              # cpu.head = %24    # commit
    sd t1, 0(a5)                             # cpu.head = %24    # commit
3:
# bytes: 188 in the section, 248 in all
