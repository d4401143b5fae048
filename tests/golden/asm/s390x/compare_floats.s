# compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
#     if x < y goto else1
#     if x == y goto else1
#     %5 = False
#     if x == y goto decided7
#     if x >= y goto holds10
#     goto known6
#   holds10:
#   decided7:
#     %5 = True
#   known6:
#     cpu.is_set = %5
#   else1:
#     %11 = False
#     if x > y goto holds14
#     goto known12
#   holds14:
#     %11 = True
#   known12:
#     return %11
#
# s390x, lanes by cpu_id: 31 instructions and 4 cold
# registers: status %r6, result %r7, temporary %r8, area %r2, base %r3, stride %r4, lanes %r5, x %f1, y %f2

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
    cdbr %f1, %f2                            # if x < y goto else1
    jgl 101f                                 # if x < y goto else1
    cdbr %f1, %f2                            # if x == y goto else1
    jge 101f                                 # if x == y goto else1
    lghi %r8, 0                              # %5 = False
    cdbr %f1, %f2                            # if x == y goto decided7
    jge 102f                                 # if x == y goto decided7
    cdbr %f1, %f2                            # if x >= y goto holds10
    jghe 103f                                # if x >= y goto holds10
    jg 104f                                  # goto known6
103:
102:
    lghi %r8, 1                              # %5 = True
104:
    lghi %r7, 0                              # %11 = False
    cdbr %f1, %f2                            # if x > y goto holds14.10
    jgh 105f                                 # if x > y goto holds14.10
    jg 106f                                  # goto known12.10
105:
    lghi %r7, 1                              # %11 = True
106:
    jg 107f                                  # goto commit
101:
    lghi %r7, 0                              # %11 = False
    cdbr %f1, %f2                            # if x > y goto holds14
    jgh 108f                                 # if x > y goto holds14
    jg 109f                                  # goto known12
108:
    lghi %r7, 1                              # %11 = True
109:
    jg 3f                                    # goto end
107:
    stcy %r8, 36(%r6)                        # cpu.is_set = %5    # commit
3:
# bytes: 144 in the section, 216 in all
