# pop_node(cpu: Head) -> ptr[Node]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first.next
#     cpu.first = %4
#     return first
#
# s390x, lanes by cpu_id: 12 instructions and 6 cold
# registers: status %r6, result %r7, temporary %r8, area %r2, base %r3, stride %r4, lanes %r5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r6, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    lghi %r7, 0                              # %result = None
    jg 3f                                    # %result = None
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
    lg %r7, 0(%r6)                           # first = cpu.first
    clgfi %r7, 0                             # if first == None goto exit0
    jge 101b                                 # if first == None goto exit0
    lg %r8, 0(%r7)                           # %4 = first.next
    stg %r8, 0(%r6)                          # cpu.first = %4    # commit
3:
# bytes: 54 in the section, 152 in all
