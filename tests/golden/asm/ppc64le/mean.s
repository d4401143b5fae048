# mean(cpu: Numbers, x: f64, weight: f64) -> f64:
#     %1 = cpu.sum
#     %2 = 1.0 - weight
#     %3 = %1 * %2
#     %4 = x * weight
#     average = %3 + %4
#     cpu.sum = average
#     %5 = average / 2.0
#     return %5
#
# ppc64le, lanes by cpu_id: 24 instructions and 4 cold
# registers: status %r7, result %f3, temporary %f4, temporary %f5, area %r3, base %r4, stride %r5, lanes %r6, x %f1, weight %f2

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
    lfd %f4, 16(%r7)                         # %1 = cpu.sum
    lis %r0, 16368                           # %constant1 = 1.0
    sldi %r0, %r0, 32                        # %constant1 = 1.0
    mtfprd %f5, %r0                          # %constant1 = 1.0
    fsub %f5, %f5, %f2                       # %2 = %constant1 - weight
    fmul %f4, %f4, %f5                       # %3 = %1 * %2
    fmul %f5, %f1, %f2                       # %4 = x * weight
    fadd %f4, %f4, %f5                       # average = %3 + %4
    lis %r0, 16384                           # %constant2 = 2.0
    sldi %r0, %r0, 32                        # %constant2 = 2.0
    mtfprd %f5, %r0                          # %constant2 = 2.0
    fdiv %f3, %f4, %f5                       # %result = average / %constant2
    stfd %f4, 16(%r7)                        # cpu.sum = average    # commit
3:
# bytes: 76 in the section, 152 in all
