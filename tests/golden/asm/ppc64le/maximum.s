# maximum(cpu: Numbers, n: i64):
#     %4 = cpu.most
#     if n <= %4 goto else1
#     cpu.most = n
#   else1:
#     return
#
# ppc64le, lanes by cpu_id: 15 instructions and 4 cold
# registers: status %r8, temporary %r9, area %r3, base %r4, stride %r5, lanes %r6, n %r7

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
    ld %r9, 8(%r8)                           # %4 = cpu.most
    cmpd %r7, %r9                            # if n <= %4 goto end
    ble 3f                                   # if n <= %4 goto end
    std %r7, 8(%r8)                          # cpu.most = n    # commit
3:
# bytes: 40 in the section, 120 in all
