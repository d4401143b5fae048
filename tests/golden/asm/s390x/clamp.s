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
# s390x, lanes by cpu_id: 21 instructions and 4 cold
# registers: status %r9, result %r10, temporary %r12, temporary %r13, area %r2, base %r3, stride %r4, lanes %r5, n %r6, low %r7, high %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r9, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r9, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r9, 77b                            # restart
    stg %r9, 8(%r2)                          # restart
2:                                           # restart
    llgf %r9, 4(%r2)                         # this CPU's lane
    clgr %r9, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r9, %r4                            # this CPU's lane
    agr %r9, %r3                             # this CPU's lane
    cgr %r6, %r7                             # if n >= low goto else1
    jghe 101f                                # if n >= low goto else1
    sgrk %r12, %r6, %r7                      # %7 = n - low
    lgr %r13, %r7                            # %commit = low
    jg 102f                                  # goto commit
101:
    cgr %r6, %r8                             # if n <= high goto else4
    jgle 103f                                # if n <= high goto else4
    sgrk %r12, %r6, %r7                      # %7 = n - low
    lgr %r13, %r8                            # %commit = high
    jg 102f                                  # goto commit
103:
    sgrk %r12, %r6, %r7                      # %7 = n - low
    lgr %r13, %r6                            # %commit = n
102:
    lgr %r10, %r12                           # %result = %7
    stg %r13, 8(%r9)                         # cpu.most = %commit    # commit
3:
# bytes: 90 in the section, 184 in all
