# begin_anew(cpu: Ring, size: u64) -> bool:
#     head = cpu.head
#     at = head & 15
#     %1 = head | 15
#     start = %1 + 1
#     if size > 16 goto decided4
#     %7 = at + size
#     if %7 <= 16 goto decided4
#     %9 = start + size
#     %10 = cpu.tail    # acquire
#     %11 = %9 - %10
#     if %11 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     cpu.data[at] = 4294967295
#     cpu.head = start
#     return True
#
# loongarch64, lanes by cpu_id: 31 instructions and 6 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, temporary $t2, area $a0, base $a1, stride $a2, lanes $a3, size $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # %result = False
105:                                         # %result = False
    li.d $a6, 0                              # %result = False
    b 3f                                     # %result = False
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
    ld.d $a7, $a5, 0                         # head = cpu.head
    andi $t0, $a7, 15                        # at = head & 15
    ori $a7, $a7, 15                         # %1 = head | 15
    addi.d $a7, $a7, 1                       # start = %1 + 1
    li.d $t1, 16                             # %constant1 = 16
    bgeu $t1, $a4, 103f                      # if size > %constant1 goto decided4
    b 102b                                   # if size > %constant1 goto decided4
103:
    add.d $t1, $t0, $a4                      # %7 = at + size
    li.d $t2, 16                             # %constant2 = 16
    bltu $t2, $t1, 104f                      # if %7 <= %constant2 goto decided4
    b 102b                                   # if %7 <= %constant2 goto decided4
104:
    add.d $t1, $a7, $a4                      # %9 = start + size
    ld.d $t2, $a5, 80                        # %10 = cpu.tail    # acquire
    dbar 0x14                                # %10 = cpu.tail    # acquire
    sub.d $t1, $t1, $t2                      # %11 = %9 - %10
    li.d $t2, 16                             # %constant3 = 16
    bgeu $t2, $t1, 106f                      # if %11 > %constant3 goto exit0
    b 105b                                   # if %11 > %constant3 goto exit0
106:
    li.d $t1, 4294967295                     # %constant4 = 4294967295
    alsl.d $t2, $t0, $a5, 2                  # cpu.data[at] = %constant4
    st.w $t1, $t2, 156                       # cpu.data[at] = %constant4
    li.d $a6, 1                              # %result = True
    dbar 0x12                                # cpu.head = start    # commit
    st.d $a7, $a5, 0                         # cpu.head = start    # commit
3:
# bytes: 120 in the section, 216 in all
