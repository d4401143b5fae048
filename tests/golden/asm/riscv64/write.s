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
# riscv64, lanes by cpu_id: 20 instructions and 8 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, area a0, base a1, stride a2, lanes a3, value a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    li a6, 0                                 # %result = False
    j 3f                                     # %result = False
102:                                         # cpu.data: index out of range
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
    ld a7, 0(a5)                             # written = cpu.written
    ld t0, 8(a5)                             # %4 = cpu.read
    sub t1, a7, t0                           # %5 = written - %4
    li t0, 256                               # %constant1 = 256
    beq t1, t0, 101b                         # if %5 == %constant1 goto exit0
    andi t1, a7, 255                         # %6 = written & 255
    li t0, 256                               # check %6 < 256, or IndexError
    bgeu t1, t0, 102b                        # check %6 < 256, or IndexError
    slli t0, t1, 2                           # cpu.data[written % 256] = value
    add t0, t0, a5                           # cpu.data[written % 256] = value
    sw a4, 24(t0)                            # cpu.data[written % 256] = value
    addi t0, a7, 1                           # %7 = written + 1
    li a6, 1                                 # %result = True
    sd t0, 0(a5)                             # cpu.written = %7    # commit
3:
# bytes: 64 in the section, 152 in all
