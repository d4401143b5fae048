# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     at = head & 15
#     end = head + size
#     %6 = at + size
#     if %6 > 16 goto decided4
#     %8 = cpu.tail    # acquire
#     %9 = end - %8
#     if %9 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     %11 = u32(len(data))
#     cpu.data[at] = %11
#     fill.1.now = clock()
#     %14 = at + 1
#     check %14 < 16, or IndexError
#     %15 = u32(fill.1.now)
#     cpu.data[at + 1] = %15
#     %16 = at + 2
#     check %16 < 16, or IndexError
#     %17 = fill.1.now >> 32
#     %18 = u32(%17)
#     cpu.data[at + 2] = %18
#     %19 = at + 3
#     check %19 < 17, or IndexError
#     %20 = %19 * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# s390x, lanes by cpu_id: 58 instructions and 15 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, area %r2, base %r3, stride %r4, lanes %r5, data %r6, len(data) %r7

    .subsection 1
110:                                         # copy len(data) bytes, data to cpu.data[at + header]
    mvc 0(1,%r9), 0(%r13)                    # copy len(data) bytes, data to cpu.data[at + header]
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    lghi %r9, 0                              # %result = False
    jg 3f                                    # %result = False
103:                                         # cpu.data: index out of range
    lghi %r8, -16                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    lghi %r8, -17                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    lghi %r8, -18                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
106:                                         # cpu.data[at + header]: index out of range
    lghi %r8, -19                            # cpu.data[at + header]: index out of range
    jg 3f                                    # cpu.data[at + header]: index out of range
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
    aghik %r9, %r7, 15                       # %1 = len(data) + 15
    srlg %r9, %r9, 2                         # size = %1 >> 2
    lg %r10, 0(%r8)                          # head = cpu.head
    lghi %r0, 15                             # at = head & 15
    ngrk %r12, %r10, %r0                     # at = head & 15
    agrk %r10, %r10, %r9                     # end = head + size
    agrk %r13, %r12, %r9                     # %6 = at + size
    clgfi %r13, 16                           # if %6 > 16 goto decided4
    jgh 101b                                 # if %6 > 16 goto decided4
    lg %r9, 80(%r8)                          # %8 = cpu.tail    # acquire
    sgrk %r13, %r10, %r9                     # %9 = end - %8
    clgfi %r13, 16                           # if %9 > 16 goto exit0
    jgh 102b                                 # if %9 > 16 goto exit0
    llgfr %r9, %r7                           # %11 = u32(len(data))
    sllg %r1, %r12, 2                        # cpu.data[at] = %11
    sty %r9, 156(%r1,%r8)                    # cpu.data[at] = %11
    lay %r1, -8(%r15)                        # fill.1.now = clock()
    stckf 0(%r1)                             # fill.1.now = clock()
    lg %r9, 0(%r1)                           # fill.1.now = clock()
    aghik %r13, %r12, 1                      # %14 = at + 1
    clgfi %r13, 16                           # check %14 < 16, or IndexError
    jghe 103b                                # check %14 < 16, or IndexError
    llgfr %r13, %r9                          # %15 = u32(fill.1.now)
    sllg %r1, %r12, 2                        # cpu.data[at + 1] = %15
    sty %r13, 160(%r1,%r8)                   # cpu.data[at + 1] = %15
    aghik %r13, %r12, 2                      # %16 = at + 2
    clgfi %r13, 16                           # check %16 < 16, or IndexError
    jghe 104b                                # check %16 < 16, or IndexError
    srlg %r9, %r9, 32                        # %17 = fill.1.now >> 32
    llgfr %r9, %r9                           # %18 = u32(%17)
    sllg %r1, %r13, 2                        # cpu.data[at + 2] = %18
    sty %r9, 156(%r1,%r8)                    # cpu.data[at + 2] = %18
    aghik %r12, %r12, 3                      # %19 = at + 3
    clgfi %r12, 17                           # check %19 < 17, or IndexError
    jghe 105b                                # check %19 < 17, or IndexError
    lghi %r0, 4                              # %20 = %19 * 4
    lgr %r9, %r12                            # %20 = %19 * 4
    msgr %r9, %r0                            # %20 = %19 * 4
    lghi %r0, 64                             # %21 = 64 - %20
    sgrk %r13, %r0, %r9                      # %21 = 64 - %20
    clgr %r7, %r13                           # check len(data) <= %21, or IndexError
    jgh 106b                                 # check len(data) <= %21, or IndexError
    sllg %r1, %r12, 2                        # copy len(data) bytes, data to cpu.data[at + header]
    lay %r9, 156(%r1,%r8)                    # copy len(data) bytes, data to cpu.data[at + header]
    lay %r13, 0(%r6)                         # copy len(data) bytes, data to cpu.data[at + header]
    lgr %r1, %r7                             # copy len(data) bytes, data to cpu.data[at + header]
    aghi %r1, -1                             # copy len(data) bytes, data to cpu.data[at + header]
    jgl 109f                                 # copy len(data) bytes, data to cpu.data[at + header]
    exrl %r1, 110b                           # copy len(data) bytes, data to cpu.data[at + header]
109:
    lghi %r9, 1                              # %result = True
    stg %r10, 0(%r8)                         # cpu.head = end    # commit
3:
# bytes: 294 in the section, 440 in all
