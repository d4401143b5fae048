# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 3
#     position = %1
#     %2 = position & 15
#     end = %2 + size
#     if end >= 16 goto else3
#     %7 = head & 3
#     if %7 == 3 goto else3
#     return
#   else3:
#     %8 = head & 3
#     serial = %8
#     %11 = head & 4
#     if %11 == 0 goto else9
#     %12 = cpu.odd
#     %13 = serial + %12
#     serial = %13
#     cpu.even = serial
#     goto endif10
#   else9:
#     %14 = cpu.even
#     %15 = serial + %14
#     serial = %15
#     cpu.odd = serial
#   endif10:
#     if end < 16 goto else16
#     %19 = position & 31
#     cpu.data[position & last] = 4294967295
#     %20 = position | 15
#     %21 = %20 + 1
#     position = %21
#     %22 = position & 31
#     %23 = u32(serial)
#     cpu.data[position & last] = %23
#     %24 = position & 31
#     %25 = %24 + 1
#     check %25 < 32, or IndexError
#     %26 = serial >> 32
#     %27 = u32(%26)
#     cpu.data[(position & last) + 1] = %27
#     %28 = position + 2
#     position = %28
#   else16:
#     %29 = position << 3
#     %30 = head ^ 18446744073709551615
#     %31 = %30 & 4
#     %32 = %29 | %31
#     cpu.head = %32
#     return
#
# s390x, lanes by cpu_id: 67 instructions and 6 cold
# registers: status %r7, temporary %r8, temporary %r9, temporary %r10, temporary %r12, temporary %r13, temporary %r14, area %r2, base %r3, stride %r4, lanes %r5, size %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
105:                                         # cpu.data: index out of range
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
    srlg %r9, %r8, 3                         # position = head >> 3
    lghi %r0, 15                             # %2 = position & 15
    ngrk %r10, %r9, %r0                      # %2 = position & 15
    agrk %r10, %r10, %r6                     # end = %2 + size
    clgfi %r10, 16                           # if end >= 16 goto else3
    jghe 101f                                # if end >= 16 goto else3
    lghi %r0, 3                              # %7 = head & 3
    ngrk %r12, %r8, %r0                      # %7 = head & 3
    clgfi %r12, 3                            # if %7 != 3 goto end
    jgne 3f                                  # if %7 != 3 goto end
101:
    lghi %r0, 3                              # serial = head & 3
    ngrk %r12, %r8, %r0                      # serial = head & 3
    lghi %r0, 4                              # %11 = head & 4
    ngrk %r13, %r8, %r0                      # %11 = head & 4
    clgfi %r13, 0                            # if %11 == 0 goto else9
    jge 102f                                 # if %11 == 0 goto else9
    lg %r13, 24(%r7)                         # %12 = cpu.odd
    agrk %r14, %r12, %r13                    # %13 = serial + %12
    lgr %r12, %r14                           # serial = %13
    stg %r12, 16(%r7)                        # cpu.even = serial
    jg 103f                                  # goto endif10
102:
    lg %r13, 16(%r7)                         # %14 = cpu.even
    agrk %r14, %r12, %r13                    # %15 = serial + %14
    lgr %r12, %r14                           # serial = %15
    stg %r12, 24(%r7)                        # cpu.odd = serial
103:
    clgfi %r10, 16                           # if end < 16 goto else16
    jgl 104f                                 # if end < 16 goto else16
    lghi %r0, 31                             # %19 = position & 31
    ngrk %r13, %r9, %r0                      # %19 = position & 31
    sllg %r1, %r13, 2                        # cpu.data[position & last] = 4294967295
    llihf %r0, 0                             # cpu.data[position & last] = 4294967295
    oilf %r0, 4294967295                     # cpu.data[position & last] = 4294967295
    sty %r0, 204(%r1,%r7)                    # cpu.data[position & last] = 4294967295
    lghi %r0, 15                             # %20 = position | 15
    ogrk %r14, %r9, %r0                      # %20 = position | 15
    aghik %r9, %r14, 1                       # position = %20 + 1
    lghi %r0, 31                             # %22 = position & 31
    ngrk %r10, %r9, %r0                      # %22 = position & 31
    llgfr %r13, %r12                         # %23 = u32(serial)
    sllg %r1, %r10, 2                        # cpu.data[position & last] = %23
    sty %r13, 204(%r1,%r7)                   # cpu.data[position & last] = %23
    lghi %r0, 31                             # %24 = position & 31
    ngrk %r14, %r9, %r0                      # %24 = position & 31
    aghik %r10, %r14, 1                      # %25 = %24 + 1
    clgfi %r10, 32                           # check %25 < 32, or IndexError
    jghe 105b                                # check %25 < 32, or IndexError
    srlg %r13, %r12, 32                      # %26 = serial >> 32
    llgfr %r10, %r13                         # %27 = u32(%26)
    sllg %r1, %r14, 2                        # cpu.data[(position & last) + 1] = %27
    sty %r10, 208(%r1,%r7)                   # cpu.data[(position & last) + 1] = %27
    aghik %r12, %r9, 2                       # %28 = position + 2
    lgr %r9, %r12                            # position = %28
104:
    sllg %r13, %r9, 3                        # %29 = position << 3
    lghi %r0, -1                             # %30 = head ^ 18446744073709551615
    xgrk %r14, %r8, %r0                      # %30 = head ^ 18446744073709551615
    lghi %r0, 4                              # %31 = %30 & 4
    ngrk %r10, %r14, %r0                     # %31 = %30 & 4
    ogrk %r12, %r13, %r10                    # %32 = %29 | %31
    stg %r12, 0(%r7)                         # cpu.head = %32    # commit
3:
# bytes: 326 in the section, 408 in all
