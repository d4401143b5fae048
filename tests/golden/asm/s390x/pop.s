# pop(cpu: Items, missing: i64) -> i64:
#     n = cpu.count
#     if n != 0 goto else1
#     return missing
#   else1:
#     %4 = n - 1
#     check %4 < 64, or IndexError
#     value = cpu.slots[n - 1]
#     %5 = n - 1
#     cpu.count = %5
#     return value
#
# s390x, lanes by cpu_id: 20 instructions and 6 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, missing %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
102:                                         # cpu.slots: index out of range
    lghi %r7, -16                            # cpu.slots: index out of range
    jg 3f                                    # cpu.slots: index out of range
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
    lg %r9, 0(%r7)                           # n = cpu.count
    cgfi %r9, 0                              # if n != 0 goto else1
    jgne 101f                                # if n != 0 goto else1
    lgr %r8, %r6                             # %result = missing
    jg 3f                                    # goto end
101:
    aghik %r10, %r9, -1                      # %4 = n - 1
    clgfi %r10, 64                           # check %4 < 64, or IndexError
    jghe 102b                                # check %4 < 64, or IndexError
    sllg %r1, %r10, 3                        # value = cpu.slots[n - 1]
    lg %r12, 8(%r1,%r7)                      # value = cpu.slots[n - 1]
    aghik %r10, %r9, -1                      # %5 = n - 1
    lgr %r8, %r12                            # %result = value
    stg %r10, 0(%r7)                         # cpu.count = %5    # commit
3:
# bytes: 98 in the section, 184 in all
