# tally_hash(cpu: Numbers, key: u64):
#     %1 = key * 11400714819323198485
#     %2 = %1 >> 61
#     check %2 < 8, or IndexError
#     cpu.table[key * 11400714819323198485 >> 61] += 1
#     return
#
# x86_64, lanes by cpu_id: 14 instructions and 6 cold
# registers: status %r9, temporary %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, key %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # cpu.table: index out of range
    movq $-16, %r9                           # cpu.table: index out of range
    jmp 3f                                   # cpu.table: index out of range
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r9                            # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r9                      # restart
    movq %r9, %fs:8(%rdi)                    # restart
2:                                           # restart
    movl %fs:4(%rdi), %r9d                   # this CPU's lane
    cmpl %ecx, %r9d                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r9                          # this CPU's lane
    addq %rsi, %r9                           # this CPU's lane
    movabsq $11400714819323198485, %rax      # %constant1 = 11400714819323198485
    movq %r8, %r10                           # %1 = key * %constant1
    imulq %rax, %r10                         # %1 = key * %constant1
    shrq $61, %r10                           # %2 = %1 >> 61
    cmpq $8, %r10                            # check %2 < 8, or IndexError
    jae 101b                                 # check %2 < 8, or IndexError
    addq $1, 48(%r9, %r10, 8)                # cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
# bytes: 50 in the section, 152 in all
