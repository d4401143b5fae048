# update_max(cpu: Extreme, x: f64):
#     %4 = cpu.value
#     if x > %4 goto holds5
#     goto else1
#   holds5:
#     cpu.value = x
#     goto endif2
#   else1:
#     if x != -inf goto else6
#     cpu.touched = 1.0
#   else6:
#   endif2:
#     return
#
# s390x, lanes by cpu_id: 24 instructions and 4 cold
# registers: status %r6, temporary %f2, temporary %r7, temporary %f3, area %r2, base %r3, stride %r4, lanes %r5, x %f1

    .subsection 1
    .balign 8                                # %constant1 = -inf
104:                                         # %constant1 = -inf
    .byte 255, 240, 0, 0, 0, 0, 0, 0         # %constant1 = -inf
    .balign 8                                # %commit = 1.0
106:                                         # %commit = 1.0
    .byte 63, 240, 0, 0, 0, 0, 0, 0          # %commit = 1.0
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
    ldy %f2, 0(%r6)                          # %4 = cpu.value
    cdbr %f1, %f2                            # if x > %4 goto holds5
    jgh 101f                                 # if x > %4 goto holds5
    jg 102f                                  # goto else1
101:
    lay %r7, 0(%r6)                          # %commit.at = address of cpu.value
    ldr %f2, %f1                             # %commit = x
    jg 103f                                  # goto commit
102:
    larl %r1, 104b                           # %constant1 = -inf
    ldy %f3, 0(%r1)                          # %constant1 = -inf
    cdbr %f1, %f3                            # if x != %constant1 goto else6
    jgne 105f                                # if x != %constant1 goto else6
    lay %r7, 8(%r6)                          # %commit.at = address of cpu.touched
    larl %r1, 106b                           # %commit = 1.0
    ldy %f2, 0(%r1)                          # %commit = 1.0
    jg 103f                                  # goto commit
105:
    jg 3f                                    # goto end
103:
    stdy %f2, 0(%r7)                         # cpu.value or cpu.touched = %commit    # commit
3:
# bytes: 118 in the section, 216 in all
