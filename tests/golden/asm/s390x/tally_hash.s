# tally_hash(cpu: Numbers, key: u64):
#     %1 = key * 11400714819323198485
#     %2 = %1 >> 61
#     check %2 < 8, or IndexError
#     cpu.table[key * 11400714819323198485 >> 61] += 1
#     return
#
# s390x, lanes by cpu_id: 18 instructions and 6 cold
# registers: status %r7, temporary %r8, area %r2, base %r3, stride %r4, lanes %r5, key %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # cpu.table: index out of range
    lghi %r7, -16                            # cpu.table: index out of range
    jg 3f                                    # cpu.table: index out of range
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
    llihf %r0, 2654435769                    # %1 = key * 11400714819323198485
    oilf %r0, 2135587861                     # %1 = key * 11400714819323198485
    lgr %r8, %r6                             # %1 = key * 11400714819323198485
    msgr %r8, %r0                            # %1 = key * 11400714819323198485
    srlg %r8, %r8, 61                        # %2 = %1 >> 61
    clgfi %r8, 8                             # check %2 < 8, or IndexError
    jghe 101b                                # check %2 < 8, or IndexError
    sllg %r1, %r8, 3                         # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    lg %r0, 48(%r1,%r7)                      # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    agfi %r0, 1                              # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    stg %r0, 48(%r1,%r7)                     # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
# bytes: 86 in the section, 184 in all
