# put(cpu: Rows, data: u64) -> bool:
#     head = cpu.head
#     goto else1
#   else1:
#     %5 = head & 3
#     %6 = clock()
#     cpu.stamps[head & last] = %6
#     %9 = head & 3
#     cpu.data[head & last] = data
#     %10 = head + 1
#     cpu.head = %10
#     return True
#
# riscv64, lanes by cpu_id: 20 instructions and 4 cold
# registers: status a5, result a6, temporary a7, temporary t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, data a4

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
    ld a7, 0(a5)                             # head = cpu.head
    andi t0, a7, 3                           # %5 = head & 3
    rdtime t1                                # %6 = clock()
    slli t2, t0, 3                           # cpu.stamps[head & last] = %6
    add t2, t2, a5                           # cpu.stamps[head & last] = %6
    sd t1, 216(t2)                           # cpu.stamps[head & last] = %6
    andi t2, a7, 3                           # %9 = head & 3
    slli t0, t2, 3                           # cpu.data[head & last] = data
    add t0, t0, a5                           # cpu.data[head & last] = data
    sd a4, 184(t0)                           # cpu.data[head & last] = data
    addi t1, a7, 1                           # %10 = head + 1
    li a6, 1                                 # %result = True
    fence rw, w                              # cpu.head = %10    # commit
    sd t1, 0(a5)                             # cpu.head = %10    # commit
3:
# bytes: 62 in the section, 120 in all
