# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 4
#     here = %1 & 31
#     %5 = here & 15
#     %6 = %5 + size
#     if %6 >= 16 goto else2
#     %8 = head & 15
#     if %8 == 15 goto else2
#     return
#   else2:
#     cpu.data[here] = 4294967295
#     %9 = head >> 4
#     %10 = %9 | 15
#     start = %10 + 1
#     %11 = head & 15
#     serial = %11
#     %14 = start & 16
#     if %14 == 0 goto else12
#     %15 = cpu.even
#     %16 = serial + %15
#     serial = %16
#     cpu.odd = serial
#     goto endif13
#   else12:
#     %17 = cpu.odd
#     %18 = serial + %17
#     serial = %18
#     cpu.even = serial
#   endif13:
#     at = start & 31
#     %19 = u32(serial)
#     cpu.data[at] = %19
#     %20 = at + 1
#     check %20 < 32, or IndexError
#     %21 = serial >> 32
#     %22 = u32(%21)
#     cpu.data[at + 1] = %22
#     %23 = start + 2
#     %24 = %23 << 4
#     cpu.head = %24
#     return
#
# loongarch64, lanes by cpu_id: 50 instructions and 6 cold
# registers: status $a5, temporary $a6, temporary $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, size $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
105:                                         # cpu.data: index out of range
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
    ld.d $a6, $a5, 0                         # head = cpu.head
    srli.d $a7, $a6, 4                       # %1 = head >> 4
    andi $a7, $a7, 31                        # here = %1 & 31
    andi $t0, $a7, 15                        # %5 = here & 15
    add.d $t0, $t0, $a4                      # %6 = %5 + size
    li.d $t1, 16                             # %constant1 = 16
    bgeu $t0, $t1, 102f                      # if %6 >= %constant1 goto else2
    andi $t0, $a6, 15                        # %8 = head & 15
    li.d $t1, 15                             # %constant2 = 15
    bne $t0, $t1, 3f                         # if %8 != %constant2 goto end
102:
    li.d $t0, 4294967295                     # %constant3 = 4294967295
    alsl.d $t1, $a7, $a5, 2                  # cpu.data[here] = %constant3
    st.w $t0, $t1, 204                       # cpu.data[here] = %constant3
    srli.d $t1, $a6, 4                       # %9 = head >> 4
    ori $a7, $t1, 15                         # %10 = %9 | 15
    addi.d $t0, $a7, 1                       # start = %10 + 1
    andi $t1, $a6, 15                        # serial = head & 15
    andi $a7, $t0, 16                        # %14 = start & 16
    beqz $a7, 103f                           # if %14 == 0 goto else12
    ld.d $a6, $a5, 16                        # %15 = cpu.even
    add.d $a7, $t1, $a6                      # %16 = serial + %15
    move $t1, $a7                            # serial = %16
    st.d $t1, $a5, 24                        # cpu.odd = serial
    b 104f                                   # goto endif13
103:
    ld.d $a6, $a5, 24                        # %17 = cpu.odd
    add.d $a7, $t1, $a6                      # %18 = serial + %17
    move $t1, $a7                            # serial = %18
    st.d $t1, $a5, 16                        # cpu.even = serial
104:
    andi $a6, $t0, 31                        # at = start & 31
    bstrpick.d $a7, $t1, 31, 0               # %19 = u32(serial)
    alsl.d $t2, $a6, $a5, 2                  # cpu.data[at] = %19
    st.w $a7, $t2, 204                       # cpu.data[at] = %19
    addi.d $t2, $a6, 1                       # %20 = at + 1
    sltui $a7, $t2, 32                       # check %20 < 32, or IndexError
    beqz $a7, 105b                           # check %20 < 32, or IndexError
    srli.d $a7, $t1, 32                      # %21 = serial >> 32
    bstrpick.d $t2, $a7, 31, 0               # %22 = u32(%21)
    alsl.d $t1, $a6, $a5, 2                  # cpu.data[at + 1] = %22
    st.w $t2, $t1, 208                       # cpu.data[at + 1] = %22
    addi.d $a7, $t0, 2                       # %23 = start + 2
    slli.d $t1, $a7, 4                       # %24 = %23 << 4
    dbar 0x12                                # cpu.head = %24    # commit
    st.d $t1, $a5, 0                         # cpu.head = %24    # commit
3:
# bytes: 196 in the section, 280 in all
