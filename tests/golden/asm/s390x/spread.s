# spread(cpu: Numbers, n: i64):
#     %4 = cpu.least
#     if n >= %4 goto else1
#     cpu.least = n
#     goto endif2
#   else1:
#     %8 = cpu.most
#     if n <= %8 goto else5
#     cpu.most = n
#   else5:
#   endif2:
#     return
#
# s390x, lanes by cpu_id: 19 instructions and 4 cold
# registers: status %r7, temporary %r8, temporary %r9, area %r2, base %r3, stride %r4, lanes %r5, n %r6

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
    lg %r8, 0(%r7)                           # %4 = cpu.least
    cgr %r6, %r8                             # if n >= %4 goto else1
    jghe 101f                                # if n >= %4 goto else1
    lay %r8, 0(%r7)                          # %commit.at = address of cpu.least
    jg 102f                                  # goto commit
101:
    lg %r9, 8(%r7)                           # %8 = cpu.most
    cgr %r6, %r9                             # if n <= %8 goto else5
    jgle 103f                                # if n <= %8 goto else5
    lay %r8, 8(%r7)                          # %commit.at = address of cpu.most
    jg 102f                                  # goto commit
103:
    jg 3f                                    # goto end
102:
    stg %r6, 0(%r8)                          # cpu.least or cpu.most = n    # commit
3:
# bytes: 92 in the section, 184 in all
