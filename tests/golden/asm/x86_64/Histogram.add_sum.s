# add_sum(cpu: SortedBuckets, x: f64):
#     %1 = cpu.sum
#     %2 = %1 + x
#     cpu.sum = %2
#     return
#
# x86_64, lanes by cpu_id: 9 instructions and 4 cold
# registers: status %r8, temporary %xmm1, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0

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
    movsd (%rsi, %r8), %xmm1                 # %1 = cpu.sum
    addsd %xmm0, %xmm1                       # %2 = %1 + x
    movsd %xmm1, (%rsi, %r8)                 # cpu.sum = %2    # commit
3:
# bytes: 30 in the section, 120 in all
