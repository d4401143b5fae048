# take(cpu: Lock, me: u64) -> i32 | None:
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     return
#   else1:
#     cpu.owner = me
#     %5 = cpu_number()
#     return %5
#
# s390x, lanes by cpu_id: 12 instructions and 6 cold
# registers: status %r7, result %r8, temporary %r9, area %r2, base %r3, stride %r4, lanes %r5, me %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # return None
    lghi %r7, -3                             # return None
    jg 3f                                    # return None
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
    lgr %r8, %r7                             # this CPU's lane
    msgr %r7, %r4                            # this CPU's lane
    agr %r7, %r3                             # this CPU's lane
    lg %r9, 0(%r7)                           # %4 = cpu.owner
    clgfi %r9, 0                             # if %4 != 0 goto nothing
    jgne 101b                                # if %4 != 0 goto nothing
    stg %r6, 0(%r7)                          # cpu.owner = me    # commit
3:
# bytes: 52 in the section, 152 in all
