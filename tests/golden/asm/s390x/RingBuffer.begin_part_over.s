# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 4
#     here = %1 & 31
#     %5 = here & 15
#     %6 = %5 + size
#     if %6 >= 16 goto else2
#     %8 = head & 15
#     if %8 == 15 goto else2
#     return
#   else2:
#     cpu.data[here] = 4294967295
#     %9 = head >> 4
#     %10 = %9 | 15
#     start = %10 + 1
#     %11 = head & 15
#     serial = %11
#     %14 = start & 16
#     if %14 == 0 goto else12
#     %15 = cpu.even
#     %16 = serial + %15
#     serial = %16
#     cpu.odd = serial
#     goto endif13
#   else12:
#     %17 = cpu.odd
#     %18 = serial + %17
#     serial = %18
#     cpu.even = serial
#   endif13:
#     at = start & 31
#     %19 = u32(serial)
#     cpu.data[at] = %19
#     %20 = at + 1
#     check %20 < 32, or IndexError
#     %21 = serial >> 32
#     %22 = u32(%21)
#     cpu.data[at + 1] = %22
#     %23 = start + 2
#     %24 = %23 << 4
#     cpu.head = %24
#     return
#
# s390x, lanes by cpu_id: 58 instructions and 6 cold
# registers: status %r7, temporary %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, size %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
104:                                         # cpu.data: index out of range
    lghi %r7, -16                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
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
    lg %r8, 0(%r7)                           # head = cpu.head
    srlg %r9, %r8, 4                         # %1 = head >> 4
    lghi %r0, 31                             # here = %1 & 31
    ngrk %r9, %r9, %r0                       # here = %1 & 31
    lghi %r0, 15                             # %5 = here & 15
    ngrk %r10, %r9, %r0                      # %5 = here & 15
    agrk %r10, %r10, %r6                     # %6 = %5 + size
    clgfi %r10, 16                           # if %6 >= 16 goto else2
    jghe 101f                                # if %6 >= 16 goto else2
    lghi %r0, 15                             # %8 = head & 15
    ngrk %r10, %r8, %r0                      # %8 = head & 15
    clgfi %r10, 15                           # if %8 != 15 goto end
    jgne 3f                                  # if %8 != 15 goto end
101:
    sllg %r1, %r9, 2                         # cpu.data[here] = 4294967295
    llihf %r0, 0                             # cpu.data[here] = 4294967295
    oilf %r0, 4294967295                     # cpu.data[here] = 4294967295
    sty %r0, 204(%r1,%r7)                    # cpu.data[here] = 4294967295
    srlg %r10, %r8, 4                        # %9 = head >> 4
    lghi %r0, 15                             # %10 = %9 | 15
    ogrk %r9, %r10, %r0                      # %10 = %9 | 15
    aghik %r10, %r9, 1                       # start = %10 + 1
    lghi %r0, 15                             # serial = head & 15
    ngrk %r9, %r8, %r0                       # serial = head & 15
    lghi %r0, 16                             # %14 = start & 16
    ngrk %r8, %r10, %r0                      # %14 = start & 16
    clgfi %r8, 0                             # if %14 == 0 goto else12
    jge 102f                                 # if %14 == 0 goto else12
    lg %r8, 16(%r7)                          # %15 = cpu.even
    agrk %r12, %r9, %r8                      # %16 = serial + %15
    lgr %r9, %r12                            # serial = %16
    stg %r9, 24(%r7)                         # cpu.odd = serial
    jg 103f                                  # goto endif13
102:
    lg %r8, 24(%r7)                          # %17 = cpu.odd
    agrk %r12, %r9, %r8                      # %18 = serial + %17
    lgr %r9, %r12                            # serial = %18
    stg %r9, 16(%r7)                         # cpu.even = serial
103:
    lghi %r0, 31                             # at = start & 31
    ngrk %r8, %r10, %r0                      # at = start & 31
    llgfr %r12, %r9                          # %19 = u32(serial)
    sllg %r1, %r8, 2                         # cpu.data[at] = %19
    sty %r12, 204(%r1,%r7)                   # cpu.data[at] = %19
    aghik %r12, %r8, 1                       # %20 = at + 1
    clgfi %r12, 32                           # check %20 < 32, or IndexError
    jghe 104b                                # check %20 < 32, or IndexError
    srlg %r12, %r9, 32                       # %21 = serial >> 32
    llgfr %r9, %r12                          # %22 = u32(%21)
    sllg %r1, %r8, 2                         # cpu.data[at + 1] = %22
    sty %r9, 208(%r1,%r7)                    # cpu.data[at + 1] = %22
    aghik %r12, %r10, 2                      # %23 = start + 2
    sllg %r8, %r12, 4                        # %24 = %23 << 4
    stg %r8, 0(%r7)                          # cpu.head = %24    # commit
3:
# bytes: 288 in the section, 376 in all
