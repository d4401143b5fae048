# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head & 15
#     at = %2
#     end = head + size
#     %7 = at + size
#     if %7 > 16 goto decided5
#     %9 = cpu.tail    # acquire
#     %10 = end - %9
#     if %10 <= 16 goto else3
#   decided5:
#     return False
#   else3:
#     now = clock()
#     check at < 16, or IndexError
#     %13 = u32(len(data))
#     cpu.data[at] = %13
#     %14 = at + 1
#     at = %14
#     check at < 16, or IndexError
#     %15 = u32(now)
#     cpu.data[at] = %15
#     %16 = at + 1
#     at = %16
#     check at < 16, or IndexError
#     %17 = now >> 32
#     %18 = u32(%17)
#     cpu.data[at] = %18
#     %19 = at + 1
#     at = %19
#     check at < 17, or IndexError
#     %20 = at * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# s390x, lanes by cpu_id: 65 instructions and 15 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, temporary %r14, area %r2, base %r3, stride %r4, lanes %r5, data %r6, len(data) %r7

    .subsection 1
111:                                         # copy len(data) bytes, data to cpu.data[at]
    mvc 0(1,%r10), 0(%r14)                   # copy len(data) bytes, data to cpu.data[at]
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
103:                                         # cpu.data: index out of range
    lghi %r8, -16                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    lghi %r8, -17                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    lghi %r8, -18                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
106:                                         # cpu.data: index out of range
    lghi %r8, -19                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
107:                                         # cpu.data[at]: index out of range
    lghi %r8, -20                            # cpu.data[at]: index out of range
    jg 3f                                    # cpu.data[at]: index out of range
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
    aghik %r10, %r7, 15                      # %1 = len(data) + 15
    srlg %r10, %r10, 2                       # size = %1 >> 2
    lg %r12, 0(%r8)                          # head = cpu.head
    lghi %r0, 15                             # at = head & 15
    ngrk %r13, %r12, %r0                     # at = head & 15
    agrk %r12, %r12, %r10                    # end = head + size
    agrk %r14, %r13, %r10                    # %7 = at + size
    clgfi %r14, 16                           # if %7 > 16 goto decided5
    jgh 101f                                 # if %7 > 16 goto decided5
    lg %r10, 80(%r8)                         # %9 = cpu.tail    # acquire
    sgrk %r14, %r12, %r10                    # %10 = end - %9
    clgfi %r14, 16                           # if %10 <= 16 goto else3
    jgle 102f                                # if %10 <= 16 goto else3
101:
    lghi %r9, 0                              # %result = False
    jg 3f                                    # goto end
102:
    lay %r1, -8(%r15)                        # now = clock()
    stckf 0(%r1)                             # now = clock()
    lg %r10, 0(%r1)                          # now = clock()
    clgfi %r13, 16                           # check at < 16, or IndexError
    jghe 103b                                # check at < 16, or IndexError
    llgfr %r14, %r7                          # %13 = u32(len(data))
    sllg %r1, %r13, 2                        # cpu.data[at] = %13
    sty %r14, 172(%r1,%r8)                   # cpu.data[at] = %13
    aghik %r14, %r13, 1                      # %14 = at + 1
    lgr %r13, %r14                           # at = %14
    clgfi %r13, 16                           # check at < 16, or IndexError
    jghe 104b                                # check at < 16, or IndexError
    llgfr %r14, %r10                         # %15 = u32(now)
    sllg %r1, %r13, 2                        # cpu.data[at] = %15
    sty %r14, 172(%r1,%r8)                   # cpu.data[at] = %15
    aghik %r14, %r13, 1                      # %16 = at + 1
    lgr %r13, %r14                           # at = %16
    clgfi %r13, 16                           # check at < 16, or IndexError
    jghe 105b                                # check at < 16, or IndexError
    srlg %r14, %r10, 32                      # %17 = now >> 32
    llgfr %r10, %r14                         # %18 = u32(%17)
    sllg %r1, %r13, 2                        # cpu.data[at] = %18
    sty %r10, 172(%r1,%r8)                   # cpu.data[at] = %18
    aghik %r14, %r13, 1                      # %19 = at + 1
    lgr %r13, %r14                           # at = %19
    clgfi %r13, 17                           # check at < 17, or IndexError
    jghe 106b                                # check at < 17, or IndexError
    lghi %r0, 4                              # %20 = at * 4
    lgr %r10, %r13                           # %20 = at * 4
    msgr %r10, %r0                           # %20 = at * 4
    lghi %r0, 64                             # %21 = 64 - %20
    sgrk %r14, %r0, %r10                     # %21 = 64 - %20
    clgr %r7, %r14                           # check len(data) <= %21, or IndexError
    jgh 107b                                 # check len(data) <= %21, or IndexError
    sllg %r1, %r13, 2                        # copy len(data) bytes, data to cpu.data[at]
    lay %r10, 172(%r1,%r8)                   # copy len(data) bytes, data to cpu.data[at]
    lay %r14, 0(%r6)                         # copy len(data) bytes, data to cpu.data[at]
    lgr %r1, %r7                             # copy len(data) bytes, data to cpu.data[at]
    aghi %r1, -1                             # copy len(data) bytes, data to cpu.data[at]
    jgl 110f                                 # copy len(data) bytes, data to cpu.data[at]
    exrl %r1, 111b                           # copy len(data) bytes, data to cpu.data[at]
110:
    lghi %r9, 1                              # %result = True
    stg %r12, 0(%r8)                         # cpu.head = end    # commit
3:
# bytes: 328 in the section, 472 in all
