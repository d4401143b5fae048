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
# s390x, lanes by cpu_id: 22 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, data %r6

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
    lg %r9, 0(%r7)                           # head = cpu.head
    lghi %r0, 3                              # %5 = head & 3
    ngrk %r10, %r9, %r0                      # %5 = head & 3
    lay %r1, -8(%r15)                        # %6 = clock()
    stckf 0(%r1)                             # %6 = clock()
    lg %r12, 0(%r1)                          # %6 = clock()
    sllg %r1, %r10, 3                        # cpu.stamps[head & last] = %6
    stg %r12, 216(%r1,%r7)                   # cpu.stamps[head & last] = %6
    lghi %r0, 3                              # %9 = head & 3
    ngrk %r10, %r9, %r0                      # %9 = head & 3
    sllg %r1, %r10, 3                        # cpu.data[head & last] = data
    stg %r6, 184(%r1,%r7)                    # cpu.data[head & last] = data
    aghik %r12, %r9, 1                       # %10 = head + 1
    lghi %r8, 1                              # %result = True
    stg %r12, 0(%r7)                         # cpu.head = %10    # commit
3:
# bytes: 102 in the section, 184 in all
