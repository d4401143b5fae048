# divide(cpu: Numbers, n: i64) -> i64:
#     %1 = n // 10
#     cpu.least = %1
#     %2 = n % 16
#     return %2
#
# riscv64, lanes by cpu_id: 15 instructions and 4 cold
# registers: status a5, result a6, temporary a7, temporary t0, area a0, base a1, stride a2, lanes a3, n a4

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
    li a6, 10                                # %constant1 = 10
    div a7, a4, a6                           # %quotient0 = n quo %constant1
    li a6, 10                                # %constant2 = 10
    mul t0, a7, a6                           # %rest0 = %quotient0 * %constant2
    sub a6, a4, t0                           # %rest0 = n - %rest0
    bge a6, zero, 101f                       # if %rest0 >= 0 goto exact0
    addi a7, a7, -1                          # %quotient0 = %quotient0 - 1
101:
    andi a6, a4, 15                          # %result = n & 15
    sd a7, 0(a5)                             # cpu.least = %1    # commit
3:
# bytes: 42 in the section, 120 in all
