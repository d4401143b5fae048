# divide(cpu: Numbers, n: i64) -> i64:
#     %1 = n // 10
#     cpu.least = %1
#     %2 = n % 16
#     return %2
#
# s390x, lanes by cpu_id: 21 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, area %r2, base %r3, stride %r4, lanes %r5, n %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r7, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r7, 77b                            # restart
    stg %r7, 8(%r2)                          # restart
2:                                           # restart
    llgf %r7, 4(%r2)                         # this CPU's lane
    clgr %r7, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r7, %r4                            # this CPU's lane
    agr %r7, %r3                             # this CPU's lane
    lghi %r8, 10                             # %constant1 = 10
    lgr %r1, %r6                             # %quotient0 = n quo %constant1
    dsgr %r0, %r8                            # %quotient0 = n quo %constant1
    lgr %r9, %r1                             # %quotient0 = n quo %constant1
    lghi %r0, 10                             # %rest0 = %quotient0 * 10
    lgr %r8, %r9                             # %rest0 = %quotient0 * 10
    msgr %r8, %r0                            # %rest0 = %quotient0 * 10
    sgrk %r10, %r6, %r8                      # %rest0 = n - %rest0
    cgfi %r10, 0                             # if %rest0 >= 0 goto exact0
    jghe 101f                                # if %rest0 >= 0 goto exact0
    aghik %r9, %r9, -1                       # %quotient0 = %quotient0 - 1
101:
    lghi %r0, 15                             # %result = n & 15
    ngrk %r8, %r6, %r0                       # %result = n & 15
    stg %r9, 0(%r7)                          # cpu.least = %1    # commit
3:
# bytes: 88 in the section, 184 in all
