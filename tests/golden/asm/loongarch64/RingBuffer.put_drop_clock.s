# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     at = head & 15
#     end = head + size
#     %6 = at + size
#     if %6 > 16 goto decided4
#     %8 = cpu.tail    # acquire
#     %9 = end - %8
#     if %9 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     %11 = u32(len(data))
#     cpu.data[at] = %11
#     fill.1.now = clock()
#     %14 = at + 1
#     check %14 < 16, or IndexError
#     %15 = u32(fill.1.now)
#     cpu.data[at + 1] = %15
#     %16 = at + 2
#     check %16 < 16, or IndexError
#     %17 = fill.1.now >> 32
#     %18 = u32(%17)
#     cpu.data[at + 2] = %18
#     %19 = at + 3
#     check %19 < 17, or IndexError
#     %20 = %19 * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# loongarch64, lanes by cpu_id: 73 instructions and 14 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, temporary $t3, temporary $t4, area $a0, base $a1, stride $a2, lanes $a3, data $a4, len(data) $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
104:                                         # %result = False
    li.d $a7, 0                              # %result = False
    b 3f                                     # %result = False
106:                                         # cpu.data: index out of range
    li.d $a6, -16                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
107:                                         # cpu.data: index out of range
    li.d $a6, -17                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
108:                                         # cpu.data: index out of range
    li.d $a6, -18                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
109:                                         # cpu.data[at + header]: index out of range
    li.d $a6, -19                            # cpu.data[at + header]: index out of range
    b 3f                                     # cpu.data[at + header]: index out of range
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
    addi.d $a7, $a5, 15                      # %1 = len(data) + 15
    srli.d $a7, $a7, 2                       # size = %1 >> 2
    ld.d $t0, $a6, 0                         # head = cpu.head
    andi $t1, $t0, 15                        # at = head & 15
    add.d $t0, $t0, $a7                      # end = head + size
    add.d $t2, $t1, $a7                      # %6 = at + size
    li.d $a7, 16                             # %constant1 = 16
    bgeu $a7, $t2, 103f                      # if %6 > %constant1 goto decided4
    b 102b                                   # if %6 > %constant1 goto decided4
103:
    ld.d $a7, $a6, 80                        # %8 = cpu.tail    # acquire
    dbar 0x14                                # %8 = cpu.tail    # acquire
    sub.d $t2, $t0, $a7                      # %9 = end - %8
    li.d $a7, 16                             # %constant2 = 16
    bgeu $a7, $t2, 105f                      # if %9 > %constant2 goto exit0
    b 104b                                   # if %9 > %constant2 goto exit0
105:
    bstrpick.d $a7, $a5, 31, 0               # %11 = u32(len(data))
    alsl.d $t2, $t1, $a6, 2                  # cpu.data[at] = %11
    st.w $a7, $t2, 156                       # cpu.data[at] = %11
    rdtime.d $a7, $zero                      # fill.1.now = clock()
    addi.d $t2, $t1, 1                       # %14 = at + 1
    sltui $t3, $t2, 16                       # check %14 < 16, or IndexError
    beqz $t3, 106b                           # check %14 < 16, or IndexError
    bstrpick.d $t2, $a7, 31, 0               # %15 = u32(fill.1.now)
    alsl.d $t3, $t1, $a6, 2                  # cpu.data[at + 1] = %15
    st.w $t2, $t3, 160                       # cpu.data[at + 1] = %15
    addi.d $t2, $t1, 2                       # %16 = at + 2
    sltui $t3, $t2, 16                       # check %16 < 16, or IndexError
    beqz $t3, 107b                           # check %16 < 16, or IndexError
    srli.d $a7, $a7, 32                      # %17 = fill.1.now >> 32
    bstrpick.d $a7, $a7, 31, 0               # %18 = u32(%17)
    alsl.d $t3, $t2, $a6, 2                  # cpu.data[at + 2] = %18
    st.w $a7, $t3, 156                       # cpu.data[at + 2] = %18
    addi.d $t1, $t1, 3                       # %19 = at + 3
    sltui $a7, $t1, 17                       # check %19 < 17, or IndexError
    beqz $a7, 108b                           # check %19 < 17, or IndexError
    li.d $a7, 4                              # %constant3 = 4
    mul.d $t2, $t1, $a7                      # %20 = %19 * %constant3
    li.d $a7, 64                             # %constant4 = 64
    sub.d $a7, $a7, $t2                      # %21 = %constant4 - %20
    sltu $t2, $a7, $a5                       # check len(data) <= %21, or IndexError
    bnez $t2, 109b                           # check len(data) <= %21, or IndexError
    alsl.d $a7, $t1, $a6, 2                  # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $a7, $a7, 156                     # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t2, $a4, 0                       # copy len(data) bytes, data to cpu.data[at + header]
    move $t3, $a5                            # copy len(data) bytes, data to cpu.data[at + header]
    or $t4, $a7, $t2                         # copy len(data) bytes, data to cpu.data[at + header]
    andi $t4, $t4, 7                         # copy len(data) bytes, data to cpu.data[at + header]
    bnez $t4, 111f                           # copy len(data) bytes, data to cpu.data[at + header]
110:
    sltui $t4, $t3, 8                        # copy len(data) bytes, data to cpu.data[at + header]
    bnez $t4, 111f                           # copy len(data) bytes, data to cpu.data[at + header]
    ld.d $t4, $t2, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    st.d $t4, $a7, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t2, $t2, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $a7, $a7, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t3, $t3, -8                      # copy len(data) bytes, data to cpu.data[at + header]
    b 110b                                   # copy len(data) bytes, data to cpu.data[at + header]
111:
    beqz $t3, 112f                           # copy len(data) bytes, data to cpu.data[at + header]
    ld.bu $t4, $t2, 0                        # copy len(data) bytes, data to cpu.data[at + header]
    st.b $t4, $a7, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t2, $t2, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $a7, $a7, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t3, $t3, -1                      # copy len(data) bytes, data to cpu.data[at + header]
    b 111b                                   # copy len(data) bytes, data to cpu.data[at + header]
112:
    li.d $a7, 1                              # %result = True
    dbar 0x12                                # cpu.head = end    # commit
    st.d $t0, $a6, 0                         # cpu.head = end    # commit
3:
# bytes: 284 in the section, 408 in all
