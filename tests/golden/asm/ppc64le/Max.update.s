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
# ppc64le, lanes by cpu_id: 30 instructions and 4 cold
# registers: status %r7, temporary %f2, temporary %r8, temporary %f3, area %r3, base %r4, stride %r5, lanes %r6, x %f1

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
    lfd %f2, 0(%r7)                          # %4 = cpu.value
    fcmpu 0, %f1, %f2                        # if x > %4 goto holds5
    bgt 102f                                 # if x > %4 goto holds5
    b 103f                                   # goto else1
102:
    addi %r8, %r7, 0                         # %commit.at = address of cpu.value
    fmr %f2, %f1                             # %commit = x
    b 104f                                   # goto commit
103:
    lis %r0, -16                             # %constant1 = -inf
    sldi %r0, %r0, 32                        # %constant1 = -inf
    mtfprd %f3, %r0                          # %constant1 = -inf
    fcmpu 0, %f1, %f3                        # if x != %constant1 goto else6
    bne 105f                                 # if x != %constant1 goto else6
    addi %r8, %r7, 8                         # %commit.at = address of cpu.touched
    lis %r0, 16368                           # %commit = 1.0
    sldi %r0, %r0, 32                        # %commit = 1.0
    mtfprd %f2, %r0                          # %commit = 1.0
    b 104f                                   # goto commit
105:
    b 3f                                     # goto end
104:
    stfd %f2, 0(%r8)                         # cpu.value or cpu.touched = %commit    # commit
3:
# bytes: 100 in the section, 184 in all
