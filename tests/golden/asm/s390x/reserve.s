# reserve(cpu: Ring, size: u64) -> bool:
#     written = cpu.written
#     %4 = written + size
#     %5 = cpu.read
#     %6 = %4 - %5
#     if %6 <= 256 goto else1
#     cpu.lost += 1
#     return False
#   else1:
#     %7 = written + size
#     cpu.written = %7
#     return True
#
# s390x, lanes by cpu_id: 23 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, size %r6

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
    lg %r9, 0(%r7)                           # written = cpu.written
    agrk %r10, %r9, %r6                      # %4 = written + size
    lg %r12, 8(%r7)                          # %5 = cpu.read
    sgrk %r10, %r10, %r12                    # %6 = %4 - %5
    clgfi %r10, 256                          # if %6 <= 256 goto else1
    jgle 101f                                # if %6 <= 256 goto else1
    lg %r12, 16(%r7)                         # %commit = cpu.lost
    aghik %r12, %r12, 1                      # %commit = %commit + 1
    lay %r10, 16(%r7)                        # %commit.at = address of cpu.lost
    lghi %r8, 0                              # %result = False
    jg 102f                                  # goto commit
101:
    agrk %r9, %r9, %r6                       # %7 = written + size
    lay %r10, 0(%r7)                         # %commit.at = address of cpu.written
    lgr %r12, %r9                            # %commit = %7
    lghi %r8, 1                              # %result = True
102:
    stg %r12, 0(%r10)                        # cpu.lost or cpu.written = %commit    # commit
3:
# bytes: 108 in the section, 184 in all
