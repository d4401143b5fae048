# put(cpu: Rows, data: bytes, len(data): u64) -> bool:
#     head = cpu.head
#     %6 = cpu.tail    # acquire
#     %7 = head - %6
#     if %7 < 2 goto else3
#     return False
#   else3:
#     %10 = head & 1
#     %11 = clock()
#     cpu.stamps[head & last] = %11
#     goto else12
#   else12:
#     %14 = head & 1
#     %15 = %14 * 12
#     %16 = 24 - %15
#     %17 = 12
#     check %17 <= len(data), or IndexError
#     copy 12 bytes, data to cpu.data[(head & last) * size]
#     %18 = head + 1
#     cpu.head = %18
#     return True
#
# s390x, lanes by cpu_id: 33 instructions and 8 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, temporary %r14, area %r2, base %r3, stride %r4, lanes %r5, data %r6, len(data) %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    lghi %r9, 0                              # %result = False
    jg 3f                                    # %result = False
102:                                         # data: index out of range
    lghi %r8, -16                            # data: index out of range
    jg 3f                                    # data: index out of range
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r8, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r8, 77b                            # restart
    stg %r8, 8(%r2)                          # restart
2:                                           # restart
    llgf %r8, 4(%r2)                         # this CPU's lane
    clgr %r8, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r8, %r4                            # this CPU's lane
    agr %r8, %r3                             # this CPU's lane
    lg %r10, 0(%r8)                          # head = cpu.head
    lg %r12, 80(%r8)                         # %6 = cpu.tail    # acquire
    sgrk %r13, %r10, %r12                    # %7 = head - %6
    clgfi %r13, 2                            # if %7 >= 2 goto exit0
    jghe 101b                                # if %7 >= 2 goto exit0
    lghi %r0, 1                              # %10 = head & 1
    ngrk %r12, %r10, %r0                     # %10 = head & 1
    lay %r1, -8(%r15)                        # %11 = clock()
    stckf 0(%r1)                             # %11 = clock()
    lg %r13, 0(%r1)                          # %11 = clock()
    sllg %r1, %r12, 3                        # cpu.stamps[head & last] = %11
    stg %r13, 176(%r1,%r8)                   # cpu.stamps[head & last] = %11
    lghi %r0, 1                              # %14 = head & 1
    ngrk %r12, %r10, %r0                     # %14 = head & 1
    lghi %r0, 12                             # %15 = %14 * 12
    lgr %r13, %r12                           # %15 = %14 * 12
    msgr %r13, %r0                           # %15 = %14 * 12
    lghi %r12, 12                            # %17 = 12
    clgr %r12, %r7                           # check %17 <= len(data), or IndexError
    jgh 102b                                 # check %17 <= len(data), or IndexError
    lay %r12, 152(%r13,%r8)                  # copy 12 bytes, data to cpu.data[(head & last) * size]
    lay %r14, 0(%r6)                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    mvc 0(12,%r12), 0(%r14)                  # copy 12 bytes, data to cpu.data[(head & last) * size]
    aghik %r12, %r10, 1                      # %18 = head + 1
    lghi %r9, 1                              # %result = True
    stg %r12, 0(%r8)                         # cpu.head = %18    # commit
3:
# bytes: 156 in the section, 248 in all
