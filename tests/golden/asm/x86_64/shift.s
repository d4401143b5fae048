# shift(cpu: Numbers, n: u16, count: u16):
#     %1 = n << count
#     cpu.medium = %1
#     return
#
# x86_64, lanes by cpu_id: 12 instructions and 4 cold
# registers: status %r10, temporary %rcx, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %r8, n %r9, count %rax

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r10                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r10                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r10                     # restart
    movq %r10, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %r10d                  # this CPU's lane
    cmpl %r8d, %r10d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r10                         # this CPU's lane
    movl %eax, %ecx                          # %1 = n << count
    andl $15, %ecx                           # %1 = n << count
    movq %r9, %r11                           # %1 = n << count
    shlq %cl, %r11                           # %1 = n << count
    movzwl %r11w, %r11d                      # %1 = n << count
    movw %r11w, 34(%rsi, %r10)               # cpu.medium = %1    # commit
3:
# bytes: 35 in the section, 120 in all
