# narrow(cpu: Numbers, x: f32) -> i32:
#     %1 = cpu.single
#     %2 = %1 + x
#     cpu.single = %2
#     %3 = i32(x)
#     return %3
#
# x86_64, lanes by cpu_id: 27 instructions and 4 cold
# registers: status %r8, result %r9, temporary %xmm1, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0

    .subsection 1
    .balign 8                                # %result = i32(x)
105:                                         # %result = i32(x)
    .byte 255, 255, 255, 127, 0, 0, 0, 0     # %result = i32(x)
    .balign 8                                # %result = i32(x)
107:                                         # %result = i32(x)
    .byte 0, 0, 0, 128, 255, 255, 255, 255   # %result = i32(x)
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
    movss 24(%rsi, %r8), %xmm1               # %1 = cpu.single
    addss %xmm0, %xmm1                       # %2 = %1 + x
    cvttss2siq %xmm0, %r9                    # %result = i32(x)
    cmpq $1, %r9                             # %result = i32(x)
    jno 102f                                 # %result = i32(x)
    ucomiss %xmm0, %xmm0                     # %result = i32(x)
    jnp 103f                                 # %result = i32(x)
    xorl %r9d, %r9d                          # %result = i32(x)
    jmp 102f                                 # %result = i32(x)
103:
    movd %xmm0, %r9d                         # %result = i32(x)
    movslq %r9d, %r9                         # %result = i32(x)
    sarq $63, %r9                            # %result = i32(x)
    btcq $63, %r9                            # %result = i32(x)
    notq %r9                                 # %result = i32(x)
102:
    cmpq 105b(%rip), %r9                     # %result = i32(x)
    jle 104f                                 # %result = i32(x)
    movq 105b(%rip), %r9                     # %result = i32(x)
104:
    cmpq 107b(%rip), %r9                     # %result = i32(x)
    jge 106f                                 # %result = i32(x)
    movq 107b(%rip), %r9                     # %result = i32(x)
106:
101:
    movss %xmm1, 24(%rsi, %r8)               # cpu.single = %2    # commit
3:
# bytes: 105 in the section, 216 in all
