# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 4
#     %3 = %2 & 31
#     at = %3
#     %8 = at & 15
#     %9 = %8 + size
#     if %9 >= 16 goto decided6
#     %11 = head & 15
#     if %11 != 15 goto else4
#   decided6:
#     return False
#   else4:
#     %12 = size << 4
#     %13 = head + %12
#     end = %13 + 1
#     goto else14
#   else14:
#     check at < 32, or IndexError
#     %16 = u32(len(data))
#     cpu.data[at] = %16
#     %17 = at + 1
#     at = %17
#     check at < 33, or IndexError
#     %18 = at * 4
#     %19 = 128 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# s390x, lanes by cpu_id: 52 instructions and 11 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, temporary %r14, area %r2, base %r3, stride %r4, lanes %r5, data %r6, len(data) %r7

    .subsection 1
109:                                         # copy len(data) bytes, data to cpu.data[at]
    mvc 0(1,%r14), 0(%r10)                   # copy len(data) bytes, data to cpu.data[at]
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
103:                                         # cpu.data: index out of range
    lghi %r8, -16                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    lghi %r8, -17                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
105:                                         # cpu.data[at]: index out of range
    lghi %r8, -18                            # cpu.data[at]: index out of range
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
    aghik %r10, %r7, 7                       # %1 = len(data) + 7
    srlg %r10, %r10, 2                       # size = %1 >> 2
    lg %r12, 0(%r8)                          # head = cpu.head
    srlg %r13, %r12, 4                       # %2 = head >> 4
    lghi %r0, 31                             # at = %2 & 31
    ngrk %r13, %r13, %r0                     # at = %2 & 31
    lghi %r0, 15                             # %8 = at & 15
    ngrk %r14, %r13, %r0                     # %8 = at & 15
    agrk %r14, %r14, %r10                    # %9 = %8 + size
    clgfi %r14, 16                           # if %9 >= 16 goto decided6
    jghe 101f                                # if %9 >= 16 goto decided6
    lghi %r0, 15                             # %11 = head & 15
    ngrk %r14, %r12, %r0                     # %11 = head & 15
    clgfi %r14, 15                           # if %11 != 15 goto else4
    jgne 102f                                # if %11 != 15 goto else4
101:
    lghi %r9, 0                              # %result = False
    jg 3f                                    # goto end
102:
    sllg %r14, %r10, 4                       # %12 = size << 4
    agrk %r10, %r12, %r14                    # %13 = head + %12
    aghik %r12, %r10, 1                      # end = %13 + 1
    clgfi %r13, 32                           # check at < 32, or IndexError
    jghe 103b                                # check at < 32, or IndexError
    llgfr %r14, %r7                          # %16 = u32(len(data))
    sllg %r1, %r13, 2                        # cpu.data[at] = %16
    sty %r14, 188(%r1,%r8)                   # cpu.data[at] = %16
    aghik %r10, %r13, 1                      # %17 = at + 1
    lgr %r13, %r10                           # at = %17
    clgfi %r13, 33                           # check at < 33, or IndexError
    jghe 104b                                # check at < 33, or IndexError
    lghi %r0, 4                              # %18 = at * 4
    lgr %r14, %r13                           # %18 = at * 4
    msgr %r14, %r0                           # %18 = at * 4
    lghi %r0, 128                            # %19 = 128 - %18
    sgrk %r10, %r0, %r14                     # %19 = 128 - %18
    clgr %r7, %r10                           # check len(data) <= %19, or IndexError
    jgh 105b                                 # check len(data) <= %19, or IndexError
    sllg %r1, %r13, 2                        # copy len(data) bytes, data to cpu.data[at]
    lay %r14, 188(%r1,%r8)                   # copy len(data) bytes, data to cpu.data[at]
    lay %r10, 0(%r6)                         # copy len(data) bytes, data to cpu.data[at]
    lgr %r1, %r7                             # copy len(data) bytes, data to cpu.data[at]
    aghi %r1, -1                             # copy len(data) bytes, data to cpu.data[at]
    jgl 108f                                 # copy len(data) bytes, data to cpu.data[at]
    exrl %r1, 109b                           # copy len(data) bytes, data to cpu.data[at]
108:
    lghi %r9, 1                              # %result = True
    stg %r12, 0(%r8)                         # cpu.head = end    # commit
3:
# bytes: 254 in the section, 376 in all
