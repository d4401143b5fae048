# mean(cpu: Numbers, x: f64, weight: f64) -> f64:
#     %1 = cpu.sum
#     %2 = 1.0 - weight
#     %3 = %1 * %2
#     %4 = x * weight
#     average = %3 + %4
#     cpu.sum = average
#     %5 = average / 2.0
#     return %5
#
# x86_64, lanes by cpu_id: 17 instructions and 4 cold
# registers: status %r8, result %xmm2, temporary %xmm3, temporary %xmm4, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0, weight %xmm1

    .subsection 1
    .balign 8                                # %constant1 = 1.0
101:                                         # %constant1 = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %constant1 = 1.0
    .balign 8                                # %constant2 = 2.0
102:                                         # %constant2 = 2.0
    .byte 0, 0, 0, 0, 0, 0, 0, 64            # %constant2 = 2.0
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
    movsd 16(%rsi, %r8), %xmm3               # %1 = cpu.sum
    movsd 101b(%rip), %xmm2                  # %constant1 = 1.0
    subsd %xmm1, %xmm2                       # %2 = %constant1 - weight
    mulsd %xmm2, %xmm3                       # %3 = %1 * %2
    movaps %xmm0, %xmm2                      # %4 = x * weight
    mulsd %xmm1, %xmm2                       # %4 = x * weight
    addsd %xmm2, %xmm3                       # average = %3 + %4
    movsd 102b(%rip), %xmm4                  # %constant2 = 2.0
    movaps %xmm3, %xmm2                      # %result = average / %constant2
    divsd %xmm4, %xmm2                       # %result = average / %constant2
    movsd %xmm3, 16(%rsi, %r8)               # cpu.sum = average    # commit
3:
# bytes: 70 in the section, 184 in all
