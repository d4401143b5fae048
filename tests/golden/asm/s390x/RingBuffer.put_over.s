# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 3
#     at = %2 & 31
#     %7 = at & 15
#     %8 = %7 + size
#     if %8 >= 16 goto decided5
#     %10 = head & 3
#     if %10 != 3 goto else3
#   decided5:
#     return False
#   else3:
#     %11 = size << 3
#     %12 = head + %11
#     end = %12 + 1
#     %14 = u32(len(data))
#     cpu.data[at] = %14
#     goto else15
#   else15:
#     %17 = at + 1
#     %18 = at * 4
#     %19 = 124 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# s390x, lanes by cpu_id: 44 instructions and 9 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r13, temporary %r14, area %r2, base %r3, stride %r4, lanes %r5, data %r6, len(data) %r7

    .subsection 1
107:                                         # copy len(data) bytes, data to cpu.data[at + header]
    mvc 0(1,%r10), 0(%r14)                   # copy len(data) bytes, data to cpu.data[at + header]
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    lghi %r9, 0                              # %result = False
    jg 3f                                    # %result = False
103:                                         # cpu.data[at + header]: index out of range
    lghi %r8, -16                            # cpu.data[at + header]: index out of range
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
    aghik %r10, %r7, 7                       # %1 = len(data) + 7
    srlg %r10, %r10, 2                       # size = %1 >> 2
    lg %r12, 0(%r8)                          # head = cpu.head
    srlg %r13, %r12, 3                       # %2 = head >> 3
    lghi %r0, 31                             # at = %2 & 31
    ngrk %r13, %r13, %r0                     # at = %2 & 31
    lghi %r0, 15                             # %7 = at & 15
    ngrk %r14, %r13, %r0                     # %7 = at & 15
    agrk %r14, %r14, %r10                    # %8 = %7 + size
    clgfi %r14, 16                           # if %8 >= 16 goto decided5
    jghe 101b                                # if %8 >= 16 goto decided5
    lghi %r0, 3                              # %10 = head & 3
    ngrk %r14, %r12, %r0                     # %10 = head & 3
    clgfi %r14, 3                            # if %10 == 3 goto exit0
    jge 102b                                 # if %10 == 3 goto exit0
    sllg %r14, %r10, 3                       # %11 = size << 3
    agrk %r10, %r12, %r14                    # %12 = head + %11
    aghik %r12, %r10, 1                      # end = %12 + 1
    llgfr %r14, %r7                          # %14 = u32(len(data))
    sllg %r1, %r13, 2                        # cpu.data[at] = %14
    sty %r14, 204(%r1,%r8)                   # cpu.data[at] = %14
    lghi %r0, 4                              # %18 = at * 4
    lgr %r10, %r13                           # %18 = at * 4
    msgr %r10, %r0                           # %18 = at * 4
    lghi %r0, 124                            # %19 = 124 - %18
    sgrk %r14, %r0, %r10                     # %19 = 124 - %18
    clgr %r7, %r14                           # check len(data) <= %19, or IndexError
    jgh 103b                                 # check len(data) <= %19, or IndexError
    sllg %r1, %r13, 2                        # copy len(data) bytes, data to cpu.data[at + header]
    lay %r10, 208(%r1,%r8)                   # copy len(data) bytes, data to cpu.data[at + header]
    lay %r14, 0(%r6)                         # copy len(data) bytes, data to cpu.data[at + header]
    lgr %r1, %r7                             # copy len(data) bytes, data to cpu.data[at + header]
    aghi %r1, -1                             # copy len(data) bytes, data to cpu.data[at + header]
    jgl 106f                                 # copy len(data) bytes, data to cpu.data[at + header]
    exrl %r1, 107b                           # copy len(data) bytes, data to cpu.data[at + header]
106:
    lghi %r9, 1                              # %result = True
    stg %r12, 0(%r8)                         # cpu.head = end    # commit
3:
# bytes: 210 in the section, 312 in all
