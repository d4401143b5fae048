# take(cpu: Lock, me: u64) -> i32 | None:
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     return
#   else1:
#     cpu.owner = me
#     %5 = cpu_number()
#     return %5
#
# riscv64, lanes by cpu_id: 12 instructions and 6 cold
# registers: status a5, result a6, temporary a7, area a0, base a1, stride a2, lanes a3, me a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # return None
    li a5, -3                                # return None
    j 3f                                     # return None
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
    mv a6, a5                                # this CPU's lane
    mul a5, a5, a2                           # this CPU's lane
    add a5, a5, a1                           # this CPU's lane
    ld a7, 0(a5)                             # %4 = cpu.owner
    bne a7, zero, 101b                       # if %4 != 0 goto nothing
    fence rw, w                              # cpu.owner = me    # commit
    sd a4, 0(a5)                             # cpu.owner = me    # commit
3:
    fence r, rw                              # acquire
# bytes: 28 in the section, 120 in all
