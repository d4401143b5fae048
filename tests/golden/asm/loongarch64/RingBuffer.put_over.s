# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 3
#     at = %2 & 31
#     %7 = at & 15
#     %8 = %7 + size
#     if %8 >= 16 goto decided5
#     %10 = head & 3
#     if %10 != 3 goto else3
#   decided5:
#     return False
#   else3:
#     %11 = size << 3
#     %12 = head + %11
#     end = %12 + 1
#     %14 = u32(len(data))
#     cpu.data[at] = %14
#     goto else15
#   else15:
#     %17 = at + 1
#     %18 = at * 4
#     %19 = 124 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# loongarch64, lanes by cpu_id: 58 instructions and 8 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, temporary $t3, temporary $t4, temporary $t5, area $a0, base $a1, stride $a2, lanes $a3, data $a4, len(data) $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
104:                                         # %result = False
    li.d $a7, 0                              # %result = False
    b 3f                                     # %result = False
106:                                         # cpu.data[at + header]: index out of range
    li.d $a6, -16                            # cpu.data[at + header]: index out of range
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
    addi.d $t0, $a5, 7                       # %1 = len(data) + 7
    srli.d $t0, $t0, 2                       # size = %1 >> 2
    ld.d $t1, $a6, 0                         # head = cpu.head
    srli.d $t2, $t1, 3                       # %2 = head >> 3
    andi $t2, $t2, 31                        # at = %2 & 31
    andi $t3, $t2, 15                        # %7 = at & 15
    add.d $t3, $t3, $t0                      # %8 = %7 + size
    li.d $t4, 16                             # %constant1 = 16
    bltu $t3, $t4, 103f                      # if %8 >= %constant1 goto decided5
    b 102b                                   # if %8 >= %constant1 goto decided5
103:
    andi $t3, $t1, 3                         # %10 = head & 3
    li.d $t4, 3                              # %constant2 = 3
    bne $t3, $t4, 105f                       # if %10 == %constant2 goto exit0
    b 104b                                   # if %10 == %constant2 goto exit0
105:
    slli.d $t3, $t0, 3                       # %11 = size << 3
    add.d $t4, $t1, $t3                      # %12 = head + %11
    addi.d $t0, $t4, 1                       # end = %12 + 1
    bstrpick.d $t1, $a5, 31, 0               # %14 = u32(len(data))
    alsl.d $t3, $t2, $a6, 2                  # cpu.data[at] = %14
    st.w $t1, $t3, 204                       # cpu.data[at] = %14
    li.d $t4, 4                              # %constant3 = 4
    mul.d $t3, $t2, $t4                      # %18 = at * %constant3
    li.d $t1, 124                            # %constant4 = 124
    sub.d $t4, $t1, $t3                      # %19 = %constant4 - %18
    sltu $t1, $t4, $a5                       # check len(data) <= %19, or IndexError
    bnez $t1, 106b                           # check len(data) <= %19, or IndexError
    alsl.d $t3, $t2, $a6, 2                  # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t3, $t3, 208                     # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t1, $a4, 0                       # copy len(data) bytes, data to cpu.data[at + header]
    move $t4, $a5                            # copy len(data) bytes, data to cpu.data[at + header]
    or $t5, $t3, $t1                         # copy len(data) bytes, data to cpu.data[at + header]
    andi $t5, $t5, 7                         # copy len(data) bytes, data to cpu.data[at + header]
    bnez $t5, 108f                           # copy len(data) bytes, data to cpu.data[at + header]
107:
    sltui $t5, $t4, 8                        # copy len(data) bytes, data to cpu.data[at + header]
    bnez $t5, 108f                           # copy len(data) bytes, data to cpu.data[at + header]
    ld.d $t5, $t1, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    st.d $t5, $t3, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t1, $t1, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t3, $t3, 8                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t4, $t4, -8                      # copy len(data) bytes, data to cpu.data[at + header]
    b 107b                                   # copy len(data) bytes, data to cpu.data[at + header]
108:
    beqz $t4, 109f                           # copy len(data) bytes, data to cpu.data[at + header]
    ld.bu $t5, $t1, 0                        # copy len(data) bytes, data to cpu.data[at + header]
    st.b $t5, $t3, 0                         # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t1, $t1, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t3, $t3, 1                       # copy len(data) bytes, data to cpu.data[at + header]
    addi.d $t4, $t4, -1                      # copy len(data) bytes, data to cpu.data[at + header]
    b 108b                                   # copy len(data) bytes, data to cpu.data[at + header]
109:
    li.d $a7, 1                              # %result = True
    dbar 0x12                                # cpu.head = end    # commit
    st.d $t0, $a6, 0                         # cpu.head = end    # commit
3:
# bytes: 224 in the section, 312 in all
