# tally(cpu: Numbers, index: i64, n: i64):
#     check index < 8, or IndexError    # before the section
#     cpu.table[index] += n
#     return
#
# s390x, lanes by cpu_id: 11 instructions and 4 cold
# registers: status %r8, area %r2, base %r3, stride %r4, lanes %r5, index %r6, n %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r8, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
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
    sllg %r1, %r6, 3                         # cpu.table[index] += n    # commit
    lg %r0, 48(%r1,%r8)                      # cpu.table[index] += n    # commit
    agr %r0, %r7                             # cpu.table[index] += n    # commit
    stg %r0, 48(%r1,%r8)                     # cpu.table[index] += n    # commit
3:
# bytes: 46 in the section, 120 in all
