# lose(cpu: Rows):
#     cpu.lost += 1
#     return
#
# s390x, lanes by cpu_id: 10 instructions and 4 cold
# registers: status %r6, area %r2, base %r3, stride %r4, lanes %r5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
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
    lg %r0, 8(%r6)                           # cpu.lost += 1    # commit
    agfi %r0, 1                              # cpu.lost += 1    # commit
    stg %r0, 8(%r6)                          # cpu.lost += 1    # commit
3:
# bytes: 42 in the section, 120 in all
