# unrolled(cpu: Numbers, key: i64) -> i64:
#     found = -1
#     %5 = cpu.table[i]
#     if %5 != key goto else2
#     found = 0
#     goto done1
#   else2:
#     %9 = cpu.table[i]
#     if %9 != key goto else6
#     found = 1
#     goto done1
#   else6:
#     %13 = cpu.table[i]
#     if %13 != key goto else10
#     found = 2
#     goto done1
#   else10:
#     %17 = cpu.table[i]
#     if %17 != key goto else14
#     found = 3
#     goto done1
#   else14:
#   done1:
#     return found
#
# x86_64, lanes by cpu_id: 26 instructions and 4 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, key %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    movq $-1, %rax                           # found = -1
    movq 48(%rsi, %r9), %r10                 # %5 = cpu.table[i]
    cmpq %r8, %r10                           # if %5 != key goto else2
    jne 101f                                 # if %5 != key goto else2
    xorl %eax, %eax                          # found = 0
    jmp 102f                                 # goto done1
101:
    movq 56(%rsi, %r9), %r10                 # %9 = cpu.table[i]
    cmpq %r8, %r10                           # if %9 != key goto else6
    jne 103f                                 # if %9 != key goto else6
    movl $1, %eax                            # found = 1
    jmp 102f                                 # goto done1
103:
    movq 64(%rsi, %r9), %r10                 # %13 = cpu.table[i]
    cmpq %r8, %r10                           # if %13 != key goto else10
    jne 104f                                 # if %13 != key goto else10
    movl $2, %eax                            # found = 2
    jmp 102f                                 # goto done1
104:
    movq 72(%rsi, %r9), %r10                 # %17 = cpu.table[i]
    cmpq %r8, %r10                           # if %17 != key goto else14
    jne 105f                                 # if %17 != key goto else14
    movl $3, %eax                            # found = 3
105:
102:
3:
# bytes: 84 in the section, 184 in all
