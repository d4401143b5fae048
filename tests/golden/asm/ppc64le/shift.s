# shift(cpu: Numbers, n: u16, count: u16):
#     %1 = n << count
#     cpu.medium = %1
#     return
#
# ppc64le, lanes by cpu_id: 15 instructions and 4 cold
# registers: status %r9, temporary %r10, area %r3, base %r4, stride %r5, lanes %r6, n %r7, count %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li %r9, -1                               # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
    .long 0xfe5000b                          # abort
4:                                           # abort
    li %r9, -2                               # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    bcl 20, 31, .+4                          # restart
    mflr %r9                                 # restart
    addis %r9, %r9, (77b - . + 4)@ha         # restart
    addi %r9, %r9, (77b - . + 8)@l           # restart
    std %r9, 8(%r3)                          # restart
2:                                           # restart
    lwz %r9, 4(%r3)                          # this CPU's lane
    cmpld %r9, %r6                           # this CPU's lane
    blt 101f                                 # this CPU's lane
    b 9b                                     # this CPU's lane
101:                                         # this CPU's lane
    mulld %r9, %r9, %r5                      # this CPU's lane
    add %r9, %r9, %r4                        # this CPU's lane
    clrldi %r11, %r8, 60                     # %1 = n << count
    sld %r10, %r7, %r11                      # %1 = n << count
    clrldi %r10, %r10, 48                    # %1 = n << count
    sth %r10, 34(%r9)                        # cpu.medium = %1    # commit
3:
# bytes: 40 in the section, 120 in all
