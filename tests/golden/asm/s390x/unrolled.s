# unrolled(cpu: Numbers, key: i64) -> i64:
#     found = -1
#     %5 = cpu.table[i]
#     if %5 != key goto else2
#     found = 0
#     goto done1
#   else2:
#     %9 = cpu.table[i]
#     if %9 != key goto else6
#     found = 1
#     goto done1
#   else6:
#     %13 = cpu.table[i]
#     if %13 != key goto else10
#     found = 2
#     goto done1
#   else10:
#     %17 = cpu.table[i]
#     if %17 != key goto else14
#     found = 3
#     goto done1
#   else14:
#   done1:
#     return found
#
# s390x, lanes by cpu_id: 28 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, area %r2, base %r3, stride %r4, lanes %r5, key %r6

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
    lghi %r9, -1                             # found = -1
    lg %r10, 48(%r7)                         # %5 = cpu.table[i]
    cgr %r10, %r6                            # if %5 != key goto else2
    jgne 101f                                # if %5 != key goto else2
    lghi %r9, 0                              # found = 0
    jg 102f                                  # goto done1
101:
    lg %r10, 56(%r7)                         # %9 = cpu.table[i]
    cgr %r10, %r6                            # if %9 != key goto else6
    jgne 103f                                # if %9 != key goto else6
    lghi %r9, 1                              # found = 1
    jg 102f                                  # goto done1
103:
    lg %r10, 64(%r7)                         # %13 = cpu.table[i]
    cgr %r10, %r6                            # if %13 != key goto else10
    jgne 104f                                # if %13 != key goto else10
    lghi %r9, 2                              # found = 2
    jg 102f                                  # goto done1
104:
    lg %r10, 72(%r7)                         # %17 = cpu.table[i]
    cgr %r10, %r6                            # if %17 != key goto else14
    jgne 105f                                # if %17 != key goto else14
    lghi %r9, 3                              # found = 3
105:
102:
    lgr %r8, %r9                             # %result = found
3:
# bytes: 130 in the section, 216 in all
