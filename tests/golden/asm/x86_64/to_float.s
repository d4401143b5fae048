# to_float(cpu: Numbers, n: u64) -> f64:
#     x = f64(n)
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return x
#
# x86_64, lanes by cpu_id: 20 instructions and 4 cold
# registers: status %r9, result %xmm0, temporary %xmm1, temporary %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx, n %r8

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
    xorps %xmm0, %xmm0                       # x = f64(n)
    testq %r8, %r8                           # x = f64(n)
    js 101f                                  # x = f64(n)
    cvtsi2sdq %r8, %xmm0                     # x = f64(n)
    jmp 103f                                 # x = f64(n)
101:
    movq %r8, %rax                           # x = f64(n)
    shrq $1, %rax                            # x = f64(n)
    jnc 102f                                 # x = f64(n)
    orq $1, %rax                             # x = f64(n)
102:
    cvtsi2sdq %rax, %xmm0                    # x = f64(n)
    addsd %xmm0, %xmm0                       # x = f64(n)
103:
    movsd 16(%rsi, %r9), %xmm1               # %1 = cpu.sum
    addsd %xmm0, %xmm1                       # %2 = %1 + x
    movsd %xmm1, 16(%rsi, %r9)               # cpu.sum = %2    # commit
3:
# bytes: 68 in the section, 152 in all
