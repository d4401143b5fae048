# reserve(cpu: Ring, size: u64) -> bool:
#     written = cpu.written
#     %4 = written + size
#     %5 = cpu.read
#     %6 = %4 - %5
#     if %6 <= 256 goto else1
#     cpu.lost += 1
#     return False
#   else1:
#     %7 = written + size
#     cpu.written = %7
#     return True
#
# loongarch64, lanes by cpu_id: 23 instructions and 4 cold
# registers: status $a5, result $a6, temporary $a7, temporary $t0, temporary $t1, area $a0, base $a1, stride $a2, lanes $a3, size $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
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
    add.d $t0, $a7, $a4                      # %4 = written + size
    ld.d $t1, $a5, 8                         # %5 = cpu.read
    sub.d $t0, $t0, $t1                      # %6 = %4 - %5
    li.d $t1, 256                            # %constant1 = 256
    bgeu $t1, $t0, 102f                      # if %6 <= %constant1 goto else1
    ld.d $t0, $a5, 16                        # %commit = cpu.lost
    addi.d $t0, $t0, 1                       # %commit = %commit + 1
    addi.d $t1, $a5, 16                      # %commit.at = address of cpu.lost
    li.d $a6, 0                              # %result = False
    b 103f                                   # goto commit
102:
    add.d $a7, $a7, $a4                      # %7 = written + size
    addi.d $t1, $a5, 0                       # %commit.at = address of cpu.written
    move $t0, $a7                            # %commit = %7
    li.d $a6, 1                              # %result = True
103:
    st.d $t0, $t1, 0                         # cpu.lost or cpu.written = %commit    # commit
3:
# bytes: 84 in the section, 152 in all
