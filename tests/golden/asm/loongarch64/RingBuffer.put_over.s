# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 4
#     %3 = %2 & 31
#     at = %3
#     %8 = at & 15
#     %9 = %8 + size
#     if %9 >= 16 goto decided6
#     %11 = head & 15
#     if %11 != 15 goto else4
#   decided6:
#     return False
#   else4:
#     %12 = size << 4
#     %13 = head + %12
#     end = %13 + 1
#     goto else14
#   else14:
#     check at < 32, or IndexError
#     %16 = u32(len(data))
#     cpu.data[at] = %16
#     %17 = at + 1
#     at = %17
#     check at < 33, or IndexError
#     %18 = at * 4
#     %19 = 128 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# loongarch64, lanes by cpu_id: 64 instructions and 10 cold
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
106:                                         # cpu.data[at]: index out of range
    li.d $a6, -18                            # cpu.data[at]: index out of range
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
    addi.d $t0, $a5, 7                       # %1 = len(data) + 7
    srli.d $t0, $t0, 2                       # size = %1 >> 2
    ld.d $t1, $a6, 0                         # head = cpu.head
    srli.d $t2, $t1, 4                       # %2 = head >> 4
    andi $t2, $t2, 31                        # at = %2 & 31
    andi $t3, $t2, 15                        # %8 = at & 15
    add.d $t3, $t3, $t0                      # %9 = %8 + size
    li.d $t4, 16                             # %constant1 = 16
    bgeu $t3, $t4, 102f                      # if %9 >= %constant1 goto decided6
    andi $t3, $t1, 15                        # %11 = head & 15
    li.d $t4, 15                             # %constant2 = 15
    bne $t3, $t4, 103f                       # if %11 != %constant2 goto else4
102:
    li.d $a7, 0                              # %result = False
    b 3f                                     # goto end
103:
    slli.d $t3, $t0, 4                       # %12 = size << 4
    add.d $t4, $t1, $t3                      # %13 = head + %12
    addi.d $t0, $t4, 1                       # end = %13 + 1
    sltui $t1, $t2, 32                       # check at < 32, or IndexError
    beqz $t1, 104b                           # check at < 32, or IndexError
    bstrpick.d $t3, $a5, 31, 0               # %16 = u32(len(data))
    alsl.d $t4, $t2, $a6, 2                  # cpu.data[at] = %16
    st.w $t3, $t4, 188                       # cpu.data[at] = %16
    addi.d $t1, $t2, 1                       # %17 = at + 1
    move $t2, $t1                            # at = %17
    sltui $t4, $t2, 33                       # check at < 33, or IndexError
    beqz $t4, 105b                           # check at < 33, or IndexError
    li.d $t3, 4                              # %constant3 = 4
    mul.d $t1, $t2, $t3                      # %18 = at * %constant3
    li.d $t4, 128                            # %constant4 = 128
    sub.d $t3, $t4, $t1                      # %19 = %constant4 - %18
    sltu $t4, $t3, $a5                       # check len(data) <= %19, or IndexError
    bnez $t4, 106b                           # check len(data) <= %19, or IndexError
    alsl.d $t1, $t2, $a6, 2                  # copy len(data) bytes, data to cpu.data[at]
    addi.d $t1, $t1, 188                     # copy len(data) bytes, data to cpu.data[at]
    addi.d $t4, $a4, 0                       # copy len(data) bytes, data to cpu.data[at]
    move $t3, $a5                            # copy len(data) bytes, data to cpu.data[at]
    or $t5, $t1, $t4                         # copy len(data) bytes, data to cpu.data[at]
    andi $t5, $t5, 7                         # copy len(data) bytes, data to cpu.data[at]
    bnez $t5, 108f                           # copy len(data) bytes, data to cpu.data[at]
107:
    sltui $t5, $t3, 8                        # copy len(data) bytes, data to cpu.data[at]
    bnez $t5, 108f                           # copy len(data) bytes, data to cpu.data[at]
    ld.d $t5, $t4, 0                         # copy len(data) bytes, data to cpu.data[at]
    st.d $t5, $t1, 0                         # copy len(data) bytes, data to cpu.data[at]
    addi.d $t4, $t4, 8                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t1, $t1, 8                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t3, $t3, -8                      # copy len(data) bytes, data to cpu.data[at]
    b 107b                                   # copy len(data) bytes, data to cpu.data[at]
108:
    beqz $t3, 109f                           # copy len(data) bytes, data to cpu.data[at]
    ld.bu $t5, $t4, 0                        # copy len(data) bytes, data to cpu.data[at]
    st.b $t5, $t1, 0                         # copy len(data) bytes, data to cpu.data[at]
    addi.d $t4, $t4, 1                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t1, $t1, 1                       # copy len(data) bytes, data to cpu.data[at]
    addi.d $t3, $t3, -1                      # copy len(data) bytes, data to cpu.data[at]
    b 108b                                   # copy len(data) bytes, data to cpu.data[at]
109:
    li.d $a7, 1                              # %result = True
    dbar 0x12                                # cpu.head = end    # commit
    st.d $t0, $a6, 0                         # cpu.head = end    # commit
3:
# bytes: 248 in the section, 344 in all
