# push(cpu: Lane, row: u32) -> bool:
#     n = cpu.cached
#     if n < 4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.hints[n] = row
#     %4 = n + 1
#     cpu.cached = %4
#     return True
#
# x86_64, lanes by cpu_id: 16 instructions and 8 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, row %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %eax, %eax                          # %result = False
    jmp 3f                                   # %result = False
102:                                         # cpu.hints: index out of range
    movq $-16, %r9                           # cpu.hints: index out of range
    jmp 3f                                   # cpu.hints: index out of range
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
    movq 88(%r9), %r10                       # n = cpu.cached
    cmpq $4, %r10                            # if n >= 4 goto exit0
    jae 101b                                 # if n >= 4 goto exit0
    cmpq $4, %r10                            # check n < 4, or IndexError
    jae 102b                                 # check n < 4, or IndexError
    movl %r8d, 96(%r9, %r10, 4)              # cpu.hints[n] = row
    addq $1, %r10                            # %4 = n + 1
    movl $1, %eax                            # %result = True
    movq %r10, 88(%r9)                       # cpu.cached = %4    # commit
3:
# bytes: 51 in the section, 152 in all
