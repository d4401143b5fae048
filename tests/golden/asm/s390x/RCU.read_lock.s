# read_lock(cpu: Readers) -> i64:
#     phase = cpu.phase
#     check phase < 2, or IndexError
#     cpu.begun[phase] += 1
#     return phase
#
# s390x, lanes by cpu_id: 15 instructions and 6 cold
# registers: status %r6, result %r7, temporary %r8, area %r2, base %r3, stride %r4, lanes %r5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # cpu.begun: index out of range
    lghi %r6, -16                            # cpu.begun: index out of range
    jg 3f                                    # cpu.begun: index out of range
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
    lg %r8, 0(%r6)                           # phase = cpu.phase
    clgfi %r8, 2                             # check phase < 2, or IndexError
    jghe 101b                                # check phase < 2, or IndexError
    lgr %r7, %r8                             # %result = phase
    sllg %r1, %r8, 3                         # cpu.begun[phase] += 1    # commit
    lg %r0, 8(%r1,%r6)                       # cpu.begun[phase] += 1    # commit
    agfi %r0, 1                              # cpu.begun[phase] += 1    # commit
    stg %r0, 8(%r1,%r6)                      # cpu.begun[phase] += 1    # commit
3:
# bytes: 70 in the section, 152 in all
