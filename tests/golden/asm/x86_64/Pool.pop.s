# pop(cpu: Lane) -> u32 | None:
#     n = cpu.cached
#     if n != 0 goto else1
#     return
#   else1:
#     top = n - 1
#     check top < 4, or IndexError
#     row = cpu.hints[top]
#     cpu.cached = top
#     return row
#
# x86_64, lanes by cpu_id: 15 instructions and 8 cold
# registers: status %r8, result %r9, temporary %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r8                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # return None
    movq $-3, %r8                            # return None
    jmp 3f                                   # return None
102:                                         # cpu.hints: index out of range
    movq $-16, %r8                           # cpu.hints: index out of range
    jmp 3f                                   # cpu.hints: index out of range
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r8                            # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r8                      # restart
    movq %r8, %fs:8(%rdi)                    # restart
2:                                           # restart
    movl %fs:4(%rdi), %r8d                   # this CPU's lane
    cmpl %ecx, %r8d                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r8                          # this CPU's lane
    addq %rsi, %r8                           # this CPU's lane
    movq 88(%r8), %rax                       # n = cpu.cached
    testq %rax, %rax                         # if n == 0 goto nothing
    je 101b                                  # if n == 0 goto nothing
    subq $1, %rax                            # top = n - 1
    cmpq $4, %rax                            # check top < 4, or IndexError
    jae 102b                                 # check top < 4, or IndexError
    movl 96(%r8, %rax, 4), %r9d              # %result = cpu.hints[top]
    movq %rax, 88(%r8)                       # cpu.cached = top    # commit
3:
# bytes: 45 in the section, 152 in all
