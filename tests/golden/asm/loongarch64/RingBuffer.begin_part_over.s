# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 3
#     position = %1
#     %2 = position & 15
#     end = %2 + size
#     if end >= 16 goto else3
#     %7 = head & 3
#     if %7 == 3 goto else3
#     return
#   else3:
#     %8 = head & 3
#     serial = %8
#     %11 = head & 4
#     if %11 == 0 goto else9
#     %12 = cpu.odd
#     %13 = serial + %12
#     serial = %13
#     cpu.even = serial
#     goto endif10
#   else9:
#     %14 = cpu.even
#     %15 = serial + %14
#     serial = %15
#     cpu.odd = serial
#   endif10:
#     if end < 16 goto else16
#     %19 = position & 31
#     cpu.data[position & last] = 4294967295
#     %20 = position | 15
#     %21 = %20 + 1
#     position = %21
#     %22 = position & 31
#     %23 = u32(serial)
#     cpu.data[position & last] = %23
#     %24 = position & 31
#     %25 = %24 + 1
#     check %25 < 32, or IndexError
#     %26 = serial >> 32
#     %27 = u32(%26)
#     cpu.data[(position & last) + 1] = %27
#     %28 = position + 2
#     position = %28
#   else16:
#     %29 = position << 3
#     %30 = head ^ 18446744073709551615
#     %31 = %30 & 4
#     %32 = %29 | %31
#     cpu.head = %32
#     return
#
# loongarch64, lanes by cpu_id: 57 instructions and 6 cold
# registers: status $a5, temporary $a6, temporary $a7, temporary $t0, temporary $t1, temporary $t2, temporary $t3, area $a0, base $a1, stride $a2, lanes $a3, size $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
106:                                         # cpu.data: index out of range
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
    srli.d $a7, $a6, 3                       # position = head >> 3
    andi $t0, $a7, 15                        # %2 = position & 15
    add.d $t0, $t0, $a4                      # end = %2 + size
    li.d $t1, 16                             # %constant1 = 16
    bgeu $t0, $t1, 102f                      # if end >= %constant1 goto else3
    andi $t1, $a6, 3                         # %7 = head & 3
    li.d $t2, 3                              # %constant2 = 3
    bne $t1, $t2, 3f                         # if %7 != %constant2 goto end
102:
    andi $t1, $a6, 3                         # serial = head & 3
    andi $t2, $a6, 4                         # %11 = head & 4
    beqz $t2, 103f                           # if %11 == 0 goto else9
    ld.d $t2, $a5, 24                        # %12 = cpu.odd
    add.d $t3, $t1, $t2                      # %13 = serial + %12
    move $t1, $t3                            # serial = %13
    st.d $t1, $a5, 16                        # cpu.even = serial
    b 104f                                   # goto endif10
103:
    ld.d $t2, $a5, 16                        # %14 = cpu.even
    add.d $t3, $t1, $t2                      # %15 = serial + %14
    move $t1, $t3                            # serial = %15
    st.d $t1, $a5, 24                        # cpu.odd = serial
104:
    li.d $t2, 16                             # %constant3 = 16
    bltu $t0, $t2, 105f                      # if end < %constant3 goto else16
    andi $t3, $a7, 31                        # %19 = position & 31
    li.d $t0, 4294967295                     # %constant4 = 4294967295
    alsl.d $t2, $t3, $a5, 2                  # cpu.data[position & last] = %constant4
    st.w $t0, $t2, 204                       # cpu.data[position & last] = %constant4
    ori $t2, $a7, 15                         # %20 = position | 15
    addi.d $a7, $t2, 1                       # position = %20 + 1
    andi $t3, $a7, 31                        # %22 = position & 31
    bstrpick.d $t0, $t1, 31, 0               # %23 = u32(serial)
    alsl.d $t2, $t3, $a5, 2                  # cpu.data[position & last] = %23
    st.w $t0, $t2, 204                       # cpu.data[position & last] = %23
    andi $t2, $a7, 31                        # %24 = position & 31
    addi.d $t3, $t2, 1                       # %25 = %24 + 1
    sltui $t0, $t3, 32                       # check %25 < 32, or IndexError
    beqz $t0, 106b                           # check %25 < 32, or IndexError
    srli.d $t0, $t1, 32                      # %26 = serial >> 32
    bstrpick.d $t3, $t0, 31, 0               # %27 = u32(%26)
    alsl.d $t1, $t2, $a5, 2                  # cpu.data[(position & last) + 1] = %27
    st.w $t3, $t1, 208                       # cpu.data[(position & last) + 1] = %27
    addi.d $t0, $a7, 2                       # %28 = position + 2
    move $a7, $t0                            # position = %28
105:
    slli.d $t1, $a7, 3                       # %29 = position << 3
    li.d $t2, -1                             # %constant5 = 18446744073709551615
    xor $t3, $a6, $t2                        # %30 = head ^ %constant5
    andi $t0, $t3, 4                         # %31 = %30 & 4
    or $a7, $t1, $t0                         # %32 = %29 | %31
    dbar 0x12                                # cpu.head = %32    # commit
    st.d $a7, $a5, 0                         # cpu.head = %32    # commit
3:
# bytes: 224 in the section, 312 in all
