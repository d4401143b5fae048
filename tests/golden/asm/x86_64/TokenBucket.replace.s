# replace(cpu: Bucket, tokens: u32, others: u32) -> bool:
#     %4 = cpu.tokens
#     if %4 == tokens goto else1
#     return False
#   else1:
#     cpu.tokens = others
#     return True
#
# x86_64, lanes by cpu_id: 11 instructions and 6 cold
# registers: status %rax, result %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, tokens %r8, others %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %r10d, %r10d                        # %result = False
    jmp 3f                                   # %result = False
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %rax                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %rax                     # restart
    movq %rax, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %eax                   # this CPU's lane
    cmpl %ecx, %eax                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %rax                         # this CPU's lane
    movl (%rsi, %rax), %r10d                 # %4 = cpu.tokens
    cmpq %r8, %r10                           # if %4 != tokens goto exit0
    jne 101b                                 # if %4 != tokens goto exit0
    movl $1, %r10d                           # %result = True
    movl %r9d, (%rsi, %rax)                  # cpu.tokens = others    # commit
3:
# bytes: 31 in the section, 120 in all
