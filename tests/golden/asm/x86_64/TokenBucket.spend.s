# spend(cpu: Bucket, n: u32) -> u32:
#     tokens = cpu.tokens
#     if tokens >= n goto else1
#     %4 = n - tokens
#     return %4
#   else1:
#     %5 = tokens - n
#     cpu.tokens = %5
#     return 0
#
# x86_64, lanes by cpu_id: 17 instructions and 4 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, n %r8

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
    movl (%rsi, %r9), %r10d                  # tokens = cpu.tokens
    cmpq %r8, %r10                           # if tokens >= n goto else1
    jae 101f                                 # if tokens >= n goto else1
    movq %r8, %rax                           # %result = n - tokens
    subq %r10, %rax                          # %result = n - tokens
    movl %eax, %eax                          # %result = n - tokens
    jmp 3f                                   # goto end
101:
    subq %r8, %r10                           # %5 = tokens - n
    movl %r10d, %r10d                        # %5 = tokens - n
    xorl %eax, %eax                          # %result = 0
    movl %r10d, (%rsi, %r9)                  # cpu.tokens = %5    # commit
3:
# bytes: 45 in the section, 120 in all
