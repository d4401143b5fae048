# read_unlock(cpu: Readers, phase: i64):
#     check phase < 2, or IndexError    # before the section
#     cpu.ended[phase] += 1
#     return
#
# s390x, lanes by cpu_id: 11 instructions and 4 cold
# registers: status %r7, area %r2, base %r3, stride %r4, lanes %r5, phase %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
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
    sllg %r1, %r6, 3                         # cpu.ended[phase] += 1    # commit
    lg %r0, 24(%r1,%r7)                      # cpu.ended[phase] += 1    # commit
    agfi %r0, 1                              # cpu.ended[phase] += 1    # commit
    stg %r0, 24(%r1,%r7)                     # cpu.ended[phase] += 1    # commit
3:
# bytes: 48 in the section, 120 in all
