# divide(cpu: Numbers, n: i64) -> i64:
#     %1 = n // 10
#     cpu.least = %1
#     %2 = n % 16
#     return %2
#
# ppc64le, lanes by cpu_id: 22 instructions and 4 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, area %r3, base %r4, stride %r5, lanes %r6, n %r7

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
    li %r0, 10                               # %quotient0 = n quo 10
    divd %r10, %r7, %r0                      # %quotient0 = n quo 10
    li %r0, 10                               # %rest0 = %quotient0 * 10
    mulld %r9, %r10, %r0                     # %rest0 = %quotient0 * 10
    sub %r12, %r7, %r9                       # %rest0 = n - %rest0
    cmpdi %r12, 0                            # if %rest0 >= 0 goto exact0
    bge 102f                                 # if %rest0 >= 0 goto exact0
    addi %r10, %r10, -1                      # %quotient0 = %quotient0 - 1
102:
    li %r0, 15                               # %result = n & 15
    and %r9, %r7, %r0                        # %result = n & 15
    std %r10, 0(%r8)                         # cpu.least = %1    # commit
3:
# bytes: 68 in the section, 152 in all
