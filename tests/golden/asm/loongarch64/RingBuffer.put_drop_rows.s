# put(cpu: Rows, data: bytes, len(data): u64) -> bool:
#     head = cpu.head
#     %6 = cpu.tail    # acquire
#     %7 = head - %6
#     if %7 < 2 goto else3
#     return False
#   else3:
#     %10 = head & 1
#     %11 = clock()
#     cpu.stamps[head & last] = %11
#     goto else12
#   else12:
#     %14 = head & 1
#     %15 = %14 * 12
#     %16 = 24 - %15
#     %17 = 12
#     check %17 <= len(data), or IndexError
#     copy 12 bytes, data to cpu.data[(head & last) * size]
#     %18 = head + 1
#     cpu.head = %18
#     return True
#
# loongarch64, lanes by cpu_id: 50 instructions and 8 cold
# registers: status $a6, result $a7, temporary $t0, temporary $t1, temporary $t2, temporary $t3, temporary $t4, temporary $t5, area $a0, base $a1, stride $a2, lanes $a3, data $a4, len(data) $a5

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a6, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li.d $a7, 0                              # %result = False
    b 3f                                     # %result = False
104:                                         # data: index out of range
    li.d $a6, -16                            # data: index out of range
    b 3f                                     # data: index out of range
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
    ld.d $t0, $a6, 0                         # head = cpu.head
    ld.d $t1, $a6, 80                        # %6 = cpu.tail    # acquire
    dbar 0x14                                # %6 = cpu.tail    # acquire
    sub.d $t2, $t0, $t1                      # %7 = head - %6
    li.d $t1, 2                              # %constant1 = 2
    bltu $t2, $t1, 103f                      # if %7 >= %constant1 goto exit0
    b 102b                                   # if %7 >= %constant1 goto exit0
103:
    andi $t2, $t0, 1                         # %10 = head & 1
    rdtime.d $t1, $zero                      # %11 = clock()
    alsl.d $t3, $t2, $a6, 3                  # cpu.stamps[head & last] = %11
    st.d $t1, $t3, 176                       # cpu.stamps[head & last] = %11
    andi $t3, $t0, 1                         # %14 = head & 1
    li.d $t2, 12                             # %constant2 = 12
    mul.d $t1, $t3, $t2                      # %15 = %14 * %constant2
    li.d $t3, 12                             # %17 = 12
    sltu $t2, $a5, $t3                       # check %17 <= len(data), or IndexError
    bnez $t2, 104b                           # check %17 <= len(data), or IndexError
    add.d $t2, $t1, $a6                      # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t2, $t2, 152                     # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t3, $a4, 0                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    li.d $t4, 12                             # copy 12 bytes, data to cpu.data[(head & last) * size]
    or $t5, $t2, $t3                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    andi $t5, $t5, 7                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    bnez $t5, 106f                           # copy 12 bytes, data to cpu.data[(head & last) * size]
105:
    sltui $t5, $t4, 8                        # copy 12 bytes, data to cpu.data[(head & last) * size]
    bnez $t5, 106f                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    ld.d $t5, $t3, 0                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    st.d $t5, $t2, 0                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t3, $t3, 8                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t2, $t2, 8                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t4, $t4, -8                      # copy 12 bytes, data to cpu.data[(head & last) * size]
    b 105b                                   # copy 12 bytes, data to cpu.data[(head & last) * size]
106:
    beqz $t4, 107f                           # copy 12 bytes, data to cpu.data[(head & last) * size]
    ld.bu $t5, $t3, 0                        # copy 12 bytes, data to cpu.data[(head & last) * size]
    st.b $t5, $t2, 0                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t3, $t3, 1                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t2, $t2, 1                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    addi.d $t4, $t4, -1                      # copy 12 bytes, data to cpu.data[(head & last) * size]
    b 106b                                   # copy 12 bytes, data to cpu.data[(head & last) * size]
107:
    addi.d $t2, $t0, 1                       # %18 = head + 1
    li.d $a7, 1                              # %result = True
    dbar 0x12                                # cpu.head = %18    # commit
    st.d $t2, $a6, 0                         # cpu.head = %18    # commit
3:
# bytes: 192 in the section, 280 in all
