# count(cpu: SortedBuckets, x: f64):
#     at = 0
#     %5 = at + 1
#     check %5 < 4, or IndexError
#     %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %6 < x goto holds7
#     goto else2
#   holds7:
#     %8 = at + 2
#     at = %8
#   else2:
#     %12 = at + 0
#     check %12 < 4, or IndexError
#     %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
#     if %13 < x goto holds14
#     goto else9
#   holds14:
#     %15 = at + 1
#     at = %15
#   else9:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# x86_64, lanes by cpu_id: 27 instructions and 10 cold
# registers: status %r8, temporary %r9, temporary %rax, temporary %xmm1, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r8                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # cpu.bounds: index out of range
    movq $-16, %r8                           # cpu.bounds: index out of range
    jmp 3f                                   # cpu.bounds: index out of range
104:                                         # cpu.bounds: index out of range
    movq $-17, %r8                           # cpu.bounds: index out of range
    jmp 3f                                   # cpu.bounds: index out of range
107:                                         # cpu.counts: index out of range
    movq $-18, %r8                           # cpu.counts: index out of range
    jmp 3f                                   # cpu.counts: index out of range
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
    xorl %r9d, %r9d                          # at = 0
    leaq 1(%r9), %rax                        # %5 = at + 1
    cmpq $4, %rax                            # check %5 < 4, or IndexError
    jae 101b                                 # check %5 < 4, or IndexError
    movsd 16(%r8, %rax, 8), %xmm1            # %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ucomisd %xmm1, %xmm0                     # if %6 < x goto holds7
    ja 102f                                  # if %6 < x goto holds7
    jmp 103f                                 # goto else2
102:
    addq $2, %r9                             # %8 = at + 2
103:
    leaq 0(%r9), %rax                        # %12 = at + 0
    cmpq $4, %rax                            # check %12 < 4, or IndexError
    jae 104b                                 # check %12 < 4, or IndexError
    movsd 16(%r8, %rax, 8), %xmm1            # %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ucomisd %xmm1, %xmm0                     # if %13 < x goto holds14
    ja 105f                                  # if %13 < x goto holds14
    jmp 106f                                 # goto else9
105:
    addq $1, %r9                             # %15 = at + 1
106:
    cmpq $4, %r9                             # check at < 4, or IndexError
    jae 107b                                 # check at < 4, or IndexError
    addq $1, 48(%r8, %r9, 8)                 # cpu.counts[at] += 1    # commit
3:
# bytes: 89 in the section, 216 in all
