# add_to_first(cpu: Head, n: i64) -> bool:
#     first = cpu.first
#     if first != None goto else1
#     return False
#   else1:
#     first.value += n
#     return True
#
# riscv64, lanes by cpu_id: 12 instructions and 6 cold
# registers: status a5, result a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, n a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a5, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
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
    ld a7, 0(a5)                             # first = cpu.first
    beq a7, zero, 101b                       # if first == None goto exit0
    li a6, 1                                 # %result = True
    ld t0, 8(a7)                             # first.value += n    # commit
    add t0, t0, a4                           # first.value += n    # commit
    sd t0, 8(a7)                             # first.value += n    # commit
3:
# bytes: 32 in the section, 120 in all
