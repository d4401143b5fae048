# toggle(cpu: Numbers, bit: u32) -> bool:
#     flags = cpu.flags
#     mask = 1 << bit
#     %1 = flags ^ mask
#     cpu.flags = %1
#     %2 = False
#     %5 = flags & mask
#     if %5 == 0 goto known3
#     %2 = True
#   known3:
#     return %2
#
# s390x, lanes by cpu_id: 20 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, bit %r6

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
    llgf %r9, 28(%r7)                        # flags = cpu.flags
    lgr %r1, %r6                             # mask = 1 << bit
    nill %r1, 31                             # mask = 1 << bit
    lghi %r0, 1                              # mask = 1 << bit
    sllg %r10, %r0, 0(%r1)                   # mask = 1 << bit
    llgfr %r10, %r10                         # mask = 1 << bit
    xgrk %r12, %r9, %r10                     # %1 = flags ^ mask
    lghi %r8, 0                              # %2 = False
    ngrk %r9, %r9, %r10                      # %5 = flags & mask
    clgfi %r9, 0                             # if %5 == 0 goto known3.3
    jge 101f                                 # if %5 == 0 goto known3.3
    lghi %r8, 1                              # %2 = True
101:
    sty %r12, 28(%r7)                        # cpu.flags = %1    # commit
3:
# bytes: 86 in the section, 184 in all
