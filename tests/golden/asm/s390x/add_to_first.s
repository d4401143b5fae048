# add_to_first(cpu: Head, n: i64) -> bool:
#     first = cpu.first
#     if first != None goto else1
#     return False
#   else1:
#     first.value += n
#     return True
#
# s390x, lanes by cpu_id: 14 instructions and 6 cold
# registers: status %r7, result %r8, temporary %r9, area %r2, base %r3, stride %r4, lanes %r5, n %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    lghi %r8, 0                              # %result = False
    jg 3f                                    # %result = False
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
    lg %r9, 0(%r7)                           # first = cpu.first
    clgfi %r9, 0                             # if first == None goto exit0
    jge 101b                                 # if first == None goto exit0
    lghi %r8, 1                              # %result = True
    lg %r0, 8(%r9)                           # first.value += n    # commit
    agr %r0, %r6                             # first.value += n    # commit
    stg %r0, 8(%r9)                          # first.value += n    # commit
3:
# bytes: 62 in the section, 152 in all
