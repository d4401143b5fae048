# begin_anew(cpu: Ring, size: u64) -> bool:
#     head = cpu.head
#     at = head & 15
#     %1 = head | 15
#     start = %1 + 1
#     if size > 16 goto decided4
#     %7 = at + size
#     if %7 <= 16 goto decided4
#     %9 = start + size
#     %10 = cpu.tail    # acquire
#     %11 = %9 - %10
#     if %11 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     cpu.data[at] = 4294967295
#     cpu.head = start
#     return True
#
# s390x, lanes by cpu_id: 29 instructions and 6 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, temporary %r13, area %r2, base %r3, stride %r4, lanes %r5, size %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    lghi %r8, 0                              # %result = False
    jg 3f                                    # %result = False
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
    lghi %r0, 15                             # at = head & 15
    ngrk %r10, %r9, %r0                      # at = head & 15
    lghi %r0, 15                             # %1 = head | 15
    ogrk %r9, %r9, %r0                       # %1 = head | 15
    aghik %r9, %r9, 1                        # start = %1 + 1
    clgfi %r6, 16                            # if size > 16 goto decided4
    jgh 101b                                 # if size > 16 goto decided4
    agrk %r12, %r10, %r6                     # %7 = at + size
    clgfi %r12, 16                           # if %7 <= 16 goto decided4
    jgle 101b                                # if %7 <= 16 goto decided4
    agrk %r12, %r9, %r6                      # %9 = start + size
    lg %r13, 80(%r7)                         # %10 = cpu.tail    # acquire
    sgrk %r12, %r12, %r13                    # %11 = %9 - %10
    clgfi %r12, 16                           # if %11 > 16 goto exit0
    jgh 102b                                 # if %11 > 16 goto exit0
    sllg %r1, %r10, 2                        # cpu.data[at] = 4294967295
    llihf %r0, 0                             # cpu.data[at] = 4294967295
    oilf %r0, 4294967295                     # cpu.data[at] = 4294967295
    sty %r0, 156(%r1,%r7)                    # cpu.data[at] = 4294967295
    lghi %r8, 1                              # %result = True
    stg %r9, 0(%r7)                          # cpu.head = start    # commit
3:
# bytes: 140 in the section, 248 in all
