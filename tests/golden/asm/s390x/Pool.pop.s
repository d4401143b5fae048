# pop(cpu: Lane) -> u32 | None:
#     n = cpu.cached
#     if n != 0 goto else1
#     return
#   else1:
#     top = n - 1
#     check top < 4, or IndexError
#     row = cpu.hints[top]
#     cpu.cached = top
#     return row
#
# s390x, lanes by cpu_id: 16 instructions and 8 cold
# registers: status %r6, result %r7, temporary %r8, area %r2, base %r3, stride %r4, lanes %r5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # return None
    lghi %r6, -3                             # return None
    jg 3f                                    # return None
102:                                         # cpu.hints: index out of range
    lghi %r6, -16                            # cpu.hints: index out of range
    jg 3f                                    # cpu.hints: index out of range
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r6, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r6, 77b                            # restart
    stg %r6, 8(%r2)                          # restart
2:                                           # restart
    llgf %r6, 4(%r2)                         # this CPU's lane
    clgr %r6, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r6, %r4                            # this CPU's lane
    agr %r6, %r3                             # this CPU's lane
    lg %r8, 88(%r6)                          # n = cpu.cached
    clgfi %r8, 0                             # if n == 0 goto nothing
    jge 101b                                 # if n == 0 goto nothing
    aghik %r8, %r8, -1                       # top = n - 1
    clgfi %r8, 4                             # check top < 4, or IndexError
    jghe 102b                                # check top < 4, or IndexError
    sllg %r1, %r8, 2                         # %result = cpu.hints[top]
    llgf %r7, 96(%r1,%r6)                    # %result = cpu.hints[top]
    stg %r8, 88(%r6)                         # cpu.cached = top    # commit
3:
# bytes: 78 in the section, 184 in all
