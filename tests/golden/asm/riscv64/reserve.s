# reserve(cpu: Ring, size: u64) -> bool:
#     written = cpu.written
#     %4 = written + size
#     %5 = cpu.read
#     %6 = %4 - %5
#     if %6 <= 256 goto else1
#     cpu.lost += 1
#     return False
#   else1:
#     %7 = written + size
#     cpu.written = %7
#     return True
#
# riscv64, lanes by cpu_id: 22 instructions and 4 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, area a0, base a1, stride a2, lanes a3, size a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
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
    add t0, a7, a4                           # %4 = written + size
    ld t1, 8(a5)                             # %5 = cpu.read
    sub t0, t0, t1                           # %6 = %4 - %5
    li t1, 256                               # %constant1 = 256
    bgeu t1, t0, 101f                        # if %6 <= %constant1 goto else1
    ld t0, 16(a5)                            # %commit = cpu.lost
    addi t0, t0, 1                           # %commit = %commit + 1
    addi t1, a5, 16                          # %commit.at = address of cpu.lost
    li a6, 0                                 # %result = False
    j 102f                                   # goto commit
101:
    add a7, a7, a4                           # %7 = written + size
    addi t1, a5, 0                           # %commit.at = address of cpu.written
    mv t0, a7                                # %commit = %7
    li a6, 1                                 # %result = True
102:
    sd t0, 0(t1)                             # cpu.lost or cpu.written = %commit    # commit
3:
# bytes: 62 in the section, 120 in all
