# spread(cpu: Numbers, n: i64):
#     %4 = cpu.least
#     if n >= %4 goto else1
#     cpu.least = n
#     goto endif2
#   else1:
#     %8 = cpu.most
#     if n <= %8 goto else5
#     cpu.most = n
#   else5:
#   endif2:
#     return
#
# riscv64, lanes by cpu_id: 16 instructions and 4 cold
# registers: status a5, temporary a6, temporary a7, area a0, base a1, stride a2, lanes a3, n a4

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
    ld a6, 0(a5)                             # %4 = cpu.least
    bge a4, a6, 101f                         # if n >= %4 goto else1
    addi a6, a5, 0                           # %commit.at = address of cpu.least
    j 102f                                   # goto commit
101:
    ld a7, 8(a5)                             # %8 = cpu.most
    bge a7, a4, 103f                         # if n <= %8 goto else5
    addi a6, a5, 8                           # %commit.at = address of cpu.most
    j 102f                                   # goto commit
103:
    j 3f                                     # goto end
102:
    sd a4, 0(a6)                             # cpu.least or cpu.most = n    # commit
3:
# bytes: 44 in the section, 120 in all
