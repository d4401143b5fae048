# push(cpu: Lane, row: u32) -> bool:
#     n = cpu.cached
#     if n < 4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.hints[n] = row
#     %4 = n + 1
#     cpu.cached = %4
#     return True
#
# s390x, lanes by cpu_id: 17 instructions and 8 cold
# registers: status %r7, result %r8, temporary %r9, area %r2, base %r3, stride %r4, lanes %r5, row %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    lghi %r8, 0                              # %result = False
    jg 3f                                    # %result = False
102:                                         # cpu.hints: index out of range
    lghi %r7, -16                            # cpu.hints: index out of range
    jg 3f                                    # cpu.hints: index out of range
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
    lg %r9, 88(%r7)                          # n = cpu.cached
    clgfi %r9, 4                             # if n >= 4 goto exit0
    jghe 101b                                # if n >= 4 goto exit0
    clgfi %r9, 4                             # check n < 4, or IndexError
    jghe 102b                                # check n < 4, or IndexError
    sllg %r1, %r9, 2                         # cpu.hints[n] = row
    sty %r6, 96(%r1,%r7)                     # cpu.hints[n] = row
    aghik %r9, %r9, 1                        # %4 = n + 1
    lghi %r8, 1                              # %result = True
    stg %r9, 88(%r7)                         # cpu.cached = %4    # commit
3:
# bytes: 82 in the section, 184 in all
