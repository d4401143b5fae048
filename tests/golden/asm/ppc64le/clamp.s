# clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
#     if n >= low goto else1
#     cpu.most = low
#     goto endif2
#   else1:
#     if n <= high goto else4
#     cpu.most = high
#     goto endif5
#   else4:
#     cpu.most = n
#   endif5:
#   endif2:
#     %7 = n - low
#     return %7
#
# ppc64le, lanes by cpu_id: 25 instructions and 4 cold
# registers: status %r10, result %r12, temporary %r14, temporary %r15, area %r3, base %r4, stride %r5, lanes %r6, n %r7, low %r8, high %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r10, -1                              # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r10, -2                              # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r10                                # restart
    addis %r10, %r10, (77b - . + 4)@ha       # restart
    addi %r10, %r10, (77b - . + 8)@l         # restart
    std %r10, 8(%r3)                         # restart
2:                                           # restart
    lwz %r10, 4(%r3)                         # this CPU's lane
    cmpld %r10, %r6                          # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r10, %r10, %r5                    # this CPU's lane
    add %r10, %r10, %r4                      # this CPU's lane
    cmpd %r7, %r8                            # if n >= low goto else1
    bge 102f                                 # if n >= low goto else1
    sub %r14, %r7, %r8                       # %7 = n - low
    mr %r15, %r8                             # %commit = low
    b 103f                                   # goto commit
102:
    cmpd %r7, %r9                            # if n <= high goto else4
    ble 104f                                 # if n <= high goto else4
    sub %r14, %r7, %r8                       # %7 = n - low
    mr %r15, %r9                             # %commit = high
    b 103f                                   # goto commit
104:
    sub %r14, %r7, %r8                       # %7 = n - low
    mr %r15, %r7                             # %commit = n
103:
    mr %r12, %r14                            # %result = %7
    std %r15, 8(%r10)                        # cpu.most = %commit    # commit
3:
# bytes: 80 in the section, 152 in all
