# from_float(cpu: Numbers, x: f64) -> u64:
#     cpu.sum = x
#     %1 = u64(x)
#     return %1
#
# x86_64, lanes by cpu_id: 23 instructions and 4 cold
# registers: status %r8, result %r9, temporary %xmm1, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0

    .subsection 1
    .balign 8                                # %result = u64(x)
102:                                         # %result = u64(x)
    .byte 0, 0, 0, 0, 0, 0, 224, 67          # %result = u64(x)
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
    cvttsd2siq %xmm0, %r9                    # %result = u64(x)
    testq %r9, %r9                           # %result = u64(x)
    jns 101f                                 # %result = u64(x)
    movsd 102b(%rip), %xmm1                  # %result = u64(x)
    ucomisd %xmm1, %xmm0                     # %result = u64(x)
    movq $0, %r9                             # %result = u64(x)
    jp 101f                                  # %result = u64(x)
    jb 101f                                  # %result = u64(x)
    movaps %xmm0, %xmm1                      # %result = u64(x)
    subsd 102b(%rip), %xmm1                  # %result = u64(x)
    cvttsd2siq %xmm1, %r9                    # %result = u64(x)
    testq %r9, %r9                           # %result = u64(x)
    js 103f                                  # %result = u64(x)
    btcq $63, %r9                            # %result = u64(x)
    jmp 101f                                 # %result = u64(x)
103:
    movq $-1, %r9                            # %result = u64(x)
101:
    movsd %xmm0, 16(%rsi, %r8)               # cpu.sum = x    # commit
3:
# bytes: 89 in the section, 184 in all
