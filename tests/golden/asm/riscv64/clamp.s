# clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
#     if n >= low goto else1
#     cpu.most = low
#     goto endif2
#   else1:
#     if n <= high goto else4
#     cpu.most = high
#     goto endif5
#   else4:
#     cpu.most = n
#   endif5:
#   endif2:
#     %7 = n - low
#     return %7
#
# riscv64, lanes by cpu_id: 18 instructions and 4 cold
# registers: status a7, result t0, temporary t1, temporary t2, area a0, base a1, stride a2, lanes a3, n a4, low a5, high a6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li a7, -1                                # this CPU has no lane, or this thread is not registered
    j 3f                                     # this CPU has no lane, or this thread is not registered
    .balign 4                                # abort
    .word 0xf1401073                         # abort
4:                                           # abort
    li a7, -2                                # abort
    j 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    lla a7, 77b                              # restart
    sd a7, 8(a0)                             # restart
2:                                           # restart
    lw a7, 4(a0)                             # this CPU's lane
    bgeu a7, a3, 9b                          # this CPU's lane
    mul a7, a7, a2                           # this CPU's lane
    add a7, a7, a1                           # this CPU's lane
    bge a4, a5, 101f                         # if n >= low goto else1
    sub t1, a4, a5                           # %7 = n - low
    mv t2, a5                                # %commit = low
    j 102f                                   # goto commit
101:
    bge a6, a4, 103f                         # if n <= high goto else4
    sub t1, a4, a5                           # %7 = n - low
    mv t2, a6                                # %commit = high
    j 102f                                   # goto commit
103:
    sub t1, a4, a5                           # %7 = n - low
    mv t2, a4                                # %commit = n
102:
    mv t0, t1                                # %result = %7
    sd t2, 8(a7)                             # cpu.most = %commit    # commit
3:
# bytes: 50 in the section, 120 in all
