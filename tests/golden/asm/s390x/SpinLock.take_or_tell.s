# take_or_tell(cpu: Lock, me: u64) -> i32:
#     number = cpu_number()
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     %5 = number ^ -1
#     return %5
#   else1:
#     cpu.owner = me
#     return number
#
# s390x, lanes by cpu_id: 17 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, me %r6

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
    lgr %r9, %r7                             # this CPU's lane
    msgr %r7, %r4                            # this CPU's lane
    agr %r7, %r3                             # this CPU's lane
    lgr %r10, %r9                            # number = %cpu
    lg %r12, 0(%r7)                          # %4 = cpu.owner
    clgfi %r12, 0                            # if %4 == 0 goto else1
    jge 101f                                 # if %4 == 0 goto else1
    lghi %r0, -1                             # %result = number ^ -1
    xgrk %r8, %r10, %r0                      # %result = number ^ -1
    jg 3f                                    # goto end
101:
    lgr %r8, %r10                            # %result = number
    stg %r6, 0(%r7)                          # cpu.owner = me    # commit
3:
# bytes: 74 in the section, 152 in all
