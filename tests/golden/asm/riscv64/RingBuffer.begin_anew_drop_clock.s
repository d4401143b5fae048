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
# riscv64, lanes by cpu_id: 28 instructions and 6 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, size a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    li a6, 0                                 # %result = False
    j 3f                                     # %result = False
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
    ld a7, 0(a5)                             # head = cpu.head
    andi t0, a7, 15                          # at = head & 15
    ori a7, a7, 15                           # %1 = head | 15
    addi a7, a7, 1                           # start = %1 + 1
    li t1, 16                                # %constant1 = 16
    bltu t1, a4, 101b                        # if size > %constant1 goto decided4
    add t1, t0, a4                           # %7 = at + size
    li t2, 16                                # %constant2 = 16
    bgeu t2, t1, 101b                        # if %7 <= %constant2 goto decided4
    add t1, a7, a4                           # %9 = start + size
    ld t2, 80(a5)                            # %10 = cpu.tail    # acquire
    fence r, rw                              # %10 = cpu.tail    # acquire
    sub t1, t1, t2                           # %11 = %9 - %10
    li t2, 16                                # %constant3 = 16
    bltu t2, t1, 102b                        # if %11 > %constant3 goto exit0
    li t1, 4294967295                        # %constant4 = 4294967295
    slli t2, t0, 2                           # cpu.data[at] = %constant4
    add t2, t2, a5                           # cpu.data[at] = %constant4
    sw t1, 156(t2)                           # cpu.data[at] = %constant4
    li a6, 1                                 # %result = True
    fence rw, w                              # cpu.head = start    # commit
    sd a7, 0(a5)                             # cpu.head = start    # commit
3:
# bytes: 90 in the section, 152 in all
