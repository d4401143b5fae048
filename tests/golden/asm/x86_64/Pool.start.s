# start(cpu: Lane) -> u64:
#     here = cpu.cursor
#     %1 = cpu.batch
#     %2 = here + %1
#     following = %2
#     %6 = cpu.count
#     if following < %6 goto else3
#     following = 0
#   else3:
#     cpu.cursor = following
#     return here
#
# x86_64, lanes by cpu_id: 14 instructions and 4 cold
# registers: status %r8, result %r9, temporary %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r8                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    movq 80(%rsi, %r8), %r9                  # here = cpu.cursor
    movq 8(%rsi, %r8), %rax                  # %1 = cpu.batch
    leaq (%r9, %rax), %r10                   # following = here + %1
    movq (%rsi, %r8), %rax                   # %6 = cpu.count
    cmpq %rax, %r10                          # if following < %6 goto else3
    jb 101f                                  # if following < %6 goto else3
    xorl %r10d, %r10d                        # following = 0
101:
    movq %r10, 80(%rsi, %r8)                 # cpu.cursor = following    # commit
3:
# bytes: 45 in the section, 120 in all
