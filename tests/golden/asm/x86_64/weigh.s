# weigh(cpu: Numbers, index: u8, x: f64):
#     check index < 8, or IndexError    # before the section
#     %1 = cpu.weights[index]
#     %2 = %1 + x
#     cpu.weights[index] = %2
#     return
#
# x86_64, lanes by cpu_id: 10 instructions and 4 cold
# registers: status %r9, temporary %xmm1, area %rdi, base %rsi, stride %rdx, lanes %rcx, index %r8, x %xmm0

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
    addq %rsi, %r9                           # this CPU's lane
    movsd 112(%r9, %r8, 8), %xmm1            # %1 = cpu.weights[index]
    addsd %xmm0, %xmm1                       # %2 = %1 + x
    movsd %xmm1, 112(%r9, %r8, 8)            # cpu.weights[index] = %2    # commit
3:
# bytes: 35 in the section, 120 in all
