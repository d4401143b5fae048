# to_float(cpu: Numbers, n: u64) -> f64:
#     x = f64(n)
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return x
#
# ppc64le, lanes by cpu_id: 17 instructions and 4 cold
# registers: status %r8, result %f1, temporary %f2, temporary %f3, area %r3, base %r4, stride %r5, lanes %r6, n %r7

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r8, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r8, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r8                                 # restart
    addis %r8, %r8, (77b - . + 4)@ha         # restart
    addi %r8, %r8, (77b - . + 8)@l           # restart
    std %r8, 8(%r3)                          # restart
2:                                           # restart
    lwz %r8, 4(%r3)                          # this CPU's lane
    cmpld %r8, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r8, %r8, %r5                      # this CPU's lane
    add %r8, %r8, %r4                        # this CPU's lane
    mtfprd %f2, %r7                          # x = f64(n)
    fcfidu %f2, %f2                          # x = f64(n)
    lfd %f3, 16(%r8)                         # %1 = cpu.sum
    fadd %f3, %f3, %f2                       # %2 = %1 + x
    fmr %f1, %f2                             # %result = x
    stfd %f3, 16(%r8)                        # cpu.sum = %2    # commit
3:
# bytes: 48 in the section, 120 in all
