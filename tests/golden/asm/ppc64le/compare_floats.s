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
# ppc64le, lanes by cpu_id: 36 instructions and 4 cold
# registers: status %r7, result %r8, temporary %r9, area %r3, base %r4, stride %r5, lanes %r6, x %f1, y %f2

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r7, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r7, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r7                                 # restart
    addis %r7, %r7, (77b - . + 4)@ha         # restart
    addi %r7, %r7, (77b - . + 8)@l           # restart
    std %r7, 8(%r3)                          # restart
2:                                           # restart
    lwz %r7, 4(%r3)                          # this CPU's lane
    cmpld %r7, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r7, %r7, %r5                      # this CPU's lane
    add %r7, %r7, %r4                        # this CPU's lane
    fcmpu 0, %f1, %f2                        # if x < y goto else1
    blt 102f                                 # if x < y goto else1
    fcmpu 0, %f1, %f2                        # if x == y goto else1
    beq 102f                                 # if x == y goto else1
    li %r9, 0                                # %5 = False
    fcmpu 0, %f1, %f2                        # if x == y goto decided7
    beq 103f                                 # if x == y goto decided7
    fcmpu 0, %f1, %f2                        # if x >= y goto holds10
    cror 2, 1, 2                             # if x >= y goto holds10
    beq 104f                                 # if x >= y goto holds10
    b 105f                                   # goto known6
104:
103:
    li %r9, 1                                # %5 = True
105:
    li %r8, 0                                # %11 = False
    fcmpu 0, %f1, %f2                        # if x > y goto holds14.10
    bgt 106f                                 # if x > y goto holds14.10
    b 107f                                   # goto known12.10
106:
    li %r8, 1                                # %11 = True
107:
    b 108f                                   # goto commit
102:
    li %r8, 0                                # %11 = False
    fcmpu 0, %f1, %f2                        # if x > y goto holds14
    bgt 109f                                 # if x > y goto holds14
    b 110f                                   # goto known12
109:
    li %r8, 1                                # %11 = True
110:
    b 3f                                     # goto end
108:
    stb %r9, 36(%r7)                         # cpu.is_set = %5    # commit
3:
# bytes: 124 in the section, 216 in all
