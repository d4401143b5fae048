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
# loongarch64, lanes by cpu_id: 21 instructions and 8 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, area $a0, base $a1, stride $a2, lanes $a3, value $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
    li.d $a6, 0                              # %result = False
    b 3f                                     # %result = False
104:                                         # cpu.data: index out of range
    li.d $a5, -16                            # cpu.data: index out of range
    b 3f                                     # cpu.data: index out of range
    .long 0x2a0010                           # abort
4:                                           # abort
    li.d $a5, -2                             # abort
    b 3f                                     # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    la.pcrel $a5, 77b                        # restart
    st.d $a5, $a0, 8                         # restart
2:                                           # restart
    ld.w $a5, $a0, 4                         # this CPU's lane
    bltu $a5, $a3, 101f                      # this CPU's lane
    b 9b                                     # this CPU's lane
101:
    mul.d $a5, $a5, $a2                      # this CPU's lane
    add.d $a5, $a5, $a1                      # this CPU's lane
    ld.d $a7, $a5, 0                         # written = cpu.written
    ld.d $t0, $a5, 8                         # %4 = cpu.read
    sub.d $t1, $a7, $t0                      # %5 = written - %4
    li.d $t0, 256                            # %constant1 = 256
    bne $t1, $t0, 103f                       # if %5 == %constant1 goto exit0
    b 102b                                   # if %5 == %constant1 goto exit0
103:
    andi $t1, $a7, 255                       # %6 = written & 255
    sltui $t0, $t1, 256                      # check %6 < 256, or IndexError
    beqz $t0, 104b                           # check %6 < 256, or IndexError
    alsl.d $t0, $t1, $a5, 2                  # cpu.data[written % 256] = value
    st.w $a4, $t0, 24                        # cpu.data[written % 256] = value
    addi.d $t0, $a7, 1                       # %7 = written + 1
    li.d $a6, 1                              # %result = True
    st.d $t0, $a5, 0                         # cpu.written = %7    # commit
3:
# bytes: 76 in the section, 184 in all
