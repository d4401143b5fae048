# start(cpu: Lane) -> u64:
#     here = cpu.cursor
#     %1 = cpu.batch
#     %2 = here + %1
#     following = %2
#     %6 = cpu.count
#     if following < %6 goto else3
#     following = 0
#   else3:
#     cpu.cursor = following
#     return here
#
# s390x, lanes by cpu_id: 16 instructions and 4 cold
# registers: status %r6, result %r7, temporary %r8, temporary %r9, temporary %r10, area %r2, base %r3, stride %r4, lanes %r5

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
    lg %r8, 80(%r6)                          # here = cpu.cursor
    lg %r9, 8(%r6)                           # %1 = cpu.batch
    agrk %r10, %r8, %r9                      # following = here + %1
    lg %r9, 0(%r6)                           # %6 = cpu.count
    clgr %r10, %r9                           # if following < %6 goto else3
    jgl 101f                                 # if following < %6 goto else3
    lghi %r10, 0                             # following = 0
101:
    lgr %r7, %r8                             # %result = here
    stg %r10, 80(%r6)                        # cpu.cursor = following    # commit
3:
# bytes: 70 in the section, 152 in all
