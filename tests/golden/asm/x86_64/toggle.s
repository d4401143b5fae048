# toggle(cpu: Numbers, bit: u32) -> bool:
#     flags = cpu.flags
#     mask = 1 << bit
#     %1 = flags ^ mask
#     cpu.flags = %1
#     %2 = False
#     %5 = flags & mask
#     if %5 == 0 goto known3
#     %2 = True
#   known3:
#     return %2
#
# x86_64, lanes by cpu_id: 20 instructions and 4 cold
# registers: status %rax, result %r10, temporary %rcx, temporary %r11, temporary %r12, area %rdi, base %rsi, stride %rdx, lanes %r8, bit %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    cmpl %r8d, %eax                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %rax                         # this CPU's lane
    movl 28(%rsi, %rax), %r11d               # flags = cpu.flags
    movl %r9d, %ecx                          # mask = 1 << bit
    andl $31, %ecx                           # mask = 1 << bit
    movl $1, %r12d                           # mask = 1 << bit
    shlq %cl, %r12                           # mask = 1 << bit
    movl %r12d, %r12d                        # mask = 1 << bit
    movq %r11, %rcx                          # %1 = flags ^ mask
    xorq %r12, %rcx                          # %1 = flags ^ mask
    xorl %r10d, %r10d                        # %2 = False
    andq %r12, %r11                          # %5 = flags & mask
    testq %r11, %r11                         # if %5 == 0 goto known3.3
    je 101f                                  # if %5 == 0 goto known3.3
    movl $1, %r10d                           # %2 = True
101:
    movl %ecx, 28(%rsi, %rax)                # cpu.flags = %1    # commit
3:
# bytes: 63 in the section, 152 in all
