# reserve(cpu: Ring, size: u64) -> bool:
#     written = cpu.written
#     %4 = written + size
#     %5 = cpu.read
#     %6 = %4 - %5
#     if %6 <= 256 goto else1
#     cpu.lost += 1
#     return False
#   else1:
#     %7 = written + size
#     cpu.written = %7
#     return True
#
# ppc64le, lanes by cpu_id: 27 instructions and 4 cold
# registers: status %r8, result %r9, temporary %r10, temporary %r12, temporary %r14, area %r3, base %r4, stride %r5, lanes %r6, size %r7

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
    ld %r10, 0(%r8)                          # written = cpu.written
    add %r12, %r10, %r7                      # %4 = written + size
    ld %r14, 8(%r8)                          # %5 = cpu.read
    sub %r12, %r12, %r14                     # %6 = %4 - %5
    cmpldi %r12, 256                         # if %6 <= 256 goto else1
    ble 102f                                 # if %6 <= 256 goto else1
    ld %r14, 16(%r8)                         # %commit = cpu.lost
    addi %r14, %r14, 1                       # %commit = %commit + 1
    addi %r12, %r8, 16                       # %commit.at = address of cpu.lost
    li %r9, 0                                # %result = False
    b 103f                                   # goto commit
102:
    add %r10, %r10, %r7                      # %7 = written + size
    addi %r12, %r8, 0                        # %commit.at = address of cpu.written
    mr %r14, %r10                            # %commit = %7
    li %r9, 1                                # %result = True
103:
    std %r14, 0(%r12)                        # cpu.lost or cpu.written = %commit    # commit
3:
# bytes: 88 in the section, 184 in all
