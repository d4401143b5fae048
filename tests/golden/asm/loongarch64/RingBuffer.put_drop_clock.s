# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head & 15
#     at = %2
#     end = head + size
#     %7 = at + size
#     if %7 > 16 goto decided5
#     %9 = cpu.tail    # acquire
#     %10 = end - %9
#     if %10 <= 16 goto else3
#   decided5:
#     return False
#   else3:
#     now = clock()
#     check at < 16, or IndexError
#     %13 = u32(len(data))
#     cpu.data[at] = %13
#     %14 = at + 1
#     at = %14
#     check at < 16, or IndexError
#     %15 = u32(now)
#     cpu.data[at] = %15
#     %16 = at + 1
#     at = %16
#     check at < 16, or IndexError
#     %17 = now >> 32
#     %18 = u32(%17)
#     cpu.data[at] = %18
#     %19 = at + 1
#     at = %19
#     check at < 17, or IndexError
#     %20 = at * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# loongarch64, lanes by cpu_id: 78 instructions and 14 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, temporary $t3, temporary $t4, temporary $t5, area $a0, base $a1, stride $a2, lanes $a3, data $a4, len(data) $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
104:                                         # cpu.data: index out of range
    li.d $a6, -16                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    li.d $a6, -17                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
106:                                         # cpu.data: index out of range
    li.d $a6, -18                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
107:                                         # cpu.data: index out of range
    li.d $a6, -19                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
108:                                         # cpu.data[at]: index out of range
    li.d $a6, -20                            # cpu.data[at]: index out of range
    b 3f                                     # cpu.data[at]: index out of range
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a6, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a6, 77b                        # restart
    st.d $a6, $a0, 8                         # restart
2:                                           # restart
    ld.w $a6, $a0, 4                         # this CPU's lane
    bltu $a6, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a6, $a6, $a2                      # this CPU's lane
    add.d $a6, $a6, $a1                      # this CPU's lane
    addi.d $t0, $a5, 15                      # %1 = len(data) + 15
    srli.d $t0, $t0, 2                       # size = %1 >> 2
    ld.d $t1, $a6, 0                         # head = cpu.head
    andi $t2, $t1, 15                        # at = head & 15
    add.d $t1, $t1, $t0                      # end = head + size
    add.d $t3, $t2, $t0                      # %7 = at + size
    li.d $t0, 16                             # %constant1 = 16
    bltu $t0, $t3, 102f                      # if %7 > %constant1 goto decided5
    ld.d $t3, $a6, 80                        # %9 = cpu.tail    # acquire
    dbar 0x14                                # %9 = cpu.tail    # acquire
    sub.d $t0, $t1, $t3                      # %10 = end - %9
    li.d $t3, 16                             # %constant2 = 16
    bgeu $t3, $t0, 103f                      # if %10 <= %constant2 goto else3
102:
    li.d $a7, 0                              # %result = False
    b 3f                                     # goto end
103:
    rdtime.d $t0, $zero                      # now = clock()
    sltui $t3, $t2, 16                       # check at < 16, or IndexError
    beqz $t3, 104b                           # check at < 16, or IndexError
    bstrpick.d $t3, $a5, 31, 0               # %13 = u32(len(data))
    alsl.d $t4, $t2, $a6, 2                  # cpu.data[at] = %13
    st.w $t3, $t4, 172                       # cpu.data[at] = %13
    addi.d $t4, $t2, 1                       # %14 = at + 1
    move $t2, $t4                            # at = %14
    sltui $t3, $t2, 16                       # check at < 16, or IndexError
    beqz $t3, 105b                           # check at < 16, or IndexError
    bstrpick.d $t4, $t0, 31, 0               # %15 = u32(now)
    alsl.d $t3, $t2, $a6, 2                  # cpu.data[at] = %15
    st.w $t4, $t3, 172                       # cpu.data[at] = %15
    addi.d $t3, $t2, 1                       # %16 = at + 1
    move $t2, $t3                            # at = %16
    sltui $t4, $t2, 16                       # check at < 16, or IndexError
    beqz $t4, 106b                           # check at < 16, or IndexError
    srli.d $t3, $t0, 32                      # %17 = now >> 32
    bstrpick.d $t4, $t3, 31, 0               # %18 = u32(%17)
    alsl.d $t0, $t2, $a6, 2                  # cpu.data[at] = %18
    st.w $t4, $t0, 172                       # cpu.data[at] = %18
    addi.d $t3, $t2, 1                       # %19 = at + 1
    move $t2, $t3                            # at = %19
    sltui $t0, $t2, 17                       # check at < 17, or IndexError
    beqz $t0, 107b                           # check at < 17, or IndexError
    li.d $t4, 4                              # %constant3 = 4
    mul.d $t3, $t2, $t4                      # %20 = at * %constant3
    li.d $t0, 64                             # %constant4 = 64
    sub.d $t4, $t0, $t3                      # %21 = %constant4 - %20
    sltu $t0, $t4, $a5                       # check len(data) <= %21, or IndexError
    bnez $t0, 108b                           # check len(data) <= %21, or IndexError
    alsl.d $t3, $t2, $a6, 2                  # copy len(data) bytes, data to cpu.data[at]
    addi.d $t3, $t3, 172                     # copy len(data) bytes, data to cpu.data[at]
    addi.d $t0, $a4, 0                       # copy len(data) bytes, data to cpu.data[at]
    move $t4, $a5                            # copy len(data) bytes, data to cpu.data[at]
    or $t5, $t3, $t0                         # copy len(data) bytes, data to cpu.data[at]
    andi $t5, $t5, 7                         # copy len(data) bytes, data to cpu.data[at]
    bnez $t5, 110f                           # copy len(data) bytes, data to cpu.data[at]
109:
    sltui $t5, $t4, 8                        # copy len(data) bytes, data to cpu.data[at]
    bnez $t5, 110f                           # copy len(data) bytes, data to cpu.data[at]
    ld.d $t5, $t0, 0                         # copy len(data) bytes, data to cpu.data[at]
    st.d $t5, $t3, 0                         # copy len(data) bytes, data to cpu.data[at]
    addi.d $t0, $t0, 8                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t3, $t3, 8                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t4, $t4, -8                      # copy len(data) bytes, data to cpu.data[at]
    b 109b                                   # copy len(data) bytes, data to cpu.data[at]
110:
    beqz $t4, 111f                           # copy len(data) bytes, data to cpu.data[at]
    ld.bu $t5, $t0, 0                        # copy len(data) bytes, data to cpu.data[at]
    st.b $t5, $t3, 0                         # copy len(data) bytes, data to cpu.data[at]
    addi.d $t0, $t0, 1                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t3, $t3, 1                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t4, $t4, -1                      # copy len(data) bytes, data to cpu.data[at]
    b 110b                                   # copy len(data) bytes, data to cpu.data[at]
111:
    li.d $a7, 1                              # %result = True
    dbar 0x12                                # cpu.head = end    # commit
    st.d $t1, $a6, 0                         # cpu.head = end    # commit
3:
# bytes: 304 in the section, 408 in all
