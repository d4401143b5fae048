# write(cpu: Ring, value: u32) -> bool:
#     written = cpu.written
#     %4 = cpu.read
#     %5 = written - %4
#     if %5 != 256 goto else1
#     return False
#   else1:
#     %6 = written % 256
#     check %6 < 256, or IndexError
#     cpu.data[written % 256] = value
#     %7 = written + 1
#     cpu.written = %7
#     return True
#
# s390x, lanes by cpu_id: 21 instructions and 8 cold
# registers: status %r7, result %r8, temporary %r9, temporary %r10, temporary %r12, area %r2, base %r3, stride %r4, lanes %r5, value %r6

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    lghi %r7, -1                             # this CPU has no lane, or this thread is not registered
    jg 3f                                    # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    lghi %r8, 0                              # %result = False
    jg 3f                                    # %result = False
102:                                         # cpu.data: index out of range
    lghi %r7, -16                            # cpu.data: index out of range
    jg 3f                                    # cpu.data: index out of range
    .long 0xb2ff0fff                         # abort
4:                                           # abort
    lghi %r7, -2                             # abort
    jg 3f                                    # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    larl %r7, 77b                            # restart
    stg %r7, 8(%r2)                          # restart
2:                                           # restart
    llgf %r7, 4(%r2)                         # this CPU's lane
    clgr %r7, %r5                            # this CPU's lane
    jghe 9b                                  # this CPU's lane
    msgr %r7, %r4                            # this CPU's lane
    agr %r7, %r3                             # this CPU's lane
    lg %r9, 0(%r7)                           # written = cpu.written
    lg %r10, 8(%r7)                          # %4 = cpu.read
    sgrk %r12, %r9, %r10                     # %5 = written - %4
    clgfi %r12, 256                          # if %5 == 256 goto exit0
    jge 101b                                 # if %5 == 256 goto exit0
    lghi %r0, 255                            # %6 = written & 255
    ngrk %r10, %r9, %r0                      # %6 = written & 255
    clgfi %r10, 256                          # check %6 < 256, or IndexError
    jghe 102b                                # check %6 < 256, or IndexError
    sllg %r1, %r10, 2                        # cpu.data[written % 256] = value
    sty %r6, 24(%r1,%r7)                     # cpu.data[written % 256] = value
    aghik %r12, %r9, 1                       # %7 = written + 1
    lghi %r8, 1                              # %result = True
    stg %r12, 0(%r7)                         # cpu.written = %7    # commit
3:
# bytes: 100 in the section, 216 in all
