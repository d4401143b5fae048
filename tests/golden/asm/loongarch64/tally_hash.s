# tally_hash(cpu: Numbers, key: u64):
#     %1 = key * 11400714819323198485
#     %2 = %1 >> 61
#     check %2 < 8, or IndexError
#     cpu.table[key * 11400714819323198485 >> 61] += 1
#     return
#
# loongarch64, lanes by cpu_id: 16 instructions and 6 cold
# registers: status $a5, temporary $a6, temporary $a7, temporary $t0, area $a0, base $a1, stride $a2, lanes $a3, key $a4

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    li.d $a5, -1                             # this CPU has no lane, or this thread is not registered
    b 3f                                     # this CPU has no lane, or this thread is not registered
102:                                         # cpu.table: index out of range
    li.d $a5, -16                            # cpu.table: index out of range
    b 3f                                     # cpu.table: index out of range
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
    li.d $a6, -7046029254386353131           # %constant1 = 11400714819323198485
    mul.d $a7, $a4, $a6                      # %1 = key * %constant1
    srli.d $a6, $a7, 61                      # %2 = %1 >> 61
    sltui $a7, $a6, 8                        # check %2 < 8, or IndexError
    beqz $a7, 102b                           # check %2 < 8, or IndexError
    alsl.d $t0, $a6, $a5, 3                  # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    ld.d $a7, $t0, 48                        # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    addi.d $a7, $a7, 1                       # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    st.d $a7, $t0, 48                        # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
# bytes: 68 in the section, 152 in all
