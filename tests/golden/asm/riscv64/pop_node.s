# pop_node(cpu: Head) -> ptr[Node]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first.next
#     cpu.first = %4
#     return first
#
# riscv64, lanes by cpu_id: 10 instructions and 6 cold
# registers: status a4, result a5, temporary a6, area a0, base a1, stride a2, lanes a3

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a4, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    li a5, 0                                 # %result = None
    j 3f                                     # %result = None
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a4, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a4, 77b                              # restart
    sd a4, 8(a0)                             # restart
2:                                           # restart
    lw a4, 4(a0)                             # this CPU's lane
    bgeu a4, a3, 9b                          # this CPU's lane
    mul a4, a4, a2                           # this CPU's lane
    add a4, a4, a1                           # this CPU's lane
    ld a5, 0(a4)                             # first = cpu.first
    beq a5, zero, 101b                       # if first == None goto exit0
    ld a6, 0(a5)                             # %4 = first.next
    sd a6, 0(a4)                             # cpu.first = %4    # commit
3:
# bytes: 24 in the section, 88 in all
