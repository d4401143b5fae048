# count_log_linear(cpu: LogLinearBuckets, bits: i64):
#     at = 0
#     %4 = cpu.lowest
#     if bits <= %4 goto else1
#     %5 = bits - 1
#     %6 = cpu.shift
#     %7 = %5 >> %6
#     %8 = cpu.before
#     %9 = %7 - %8
#     at = %9
#     %13 = cpu.last
#     if at <= %13 goto else10
#     %14 = cpu.last
#     at = %14
#   else10:
#   else1:
#     check at < 4, or IndexError
#     cpu.counts[at] += 1
#     return
#
# x86_64, lanes by cpu_id: 25 instructions and 6 cold
# registers: status %rax, temporary %rcx, temporary %r10, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %r8, bits %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
103:                                         # cpu.counts: index out of range
    movq $-16, %rax                          # cpu.counts: index out of range
    jmp 3f                                   # cpu.counts: index out of range
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
    addq %rsi, %rax                          # this CPU's lane
    xorl %ecx, %ecx                          # at = 0
    movq 16(%rax), %r10                      # %4 = cpu.lowest
    cmpq %r10, %r9                           # if bits <= %4 goto else1
    jle 101f                                 # if bits <= %4 goto else1
    leaq -1(%r9), %r10                       # %5 = bits - 1
    movq 24(%rax), %r11                      # %6 = cpu.shift
    movl %r11d, %ecx                         # %7 = %5 >> %6
    sarq %cl, %r10                           # %7 = %5 >> %6
    movq 32(%rax), %r11                      # %8 = cpu.before
    movq %r10, %rcx                          # at = %7 - %8
    subq %r11, %rcx                          # at = %7 - %8
    movq 40(%rax), %r10                      # %13 = cpu.last
    cmpq %r10, %rcx                          # if at <= %13 goto else10
    jle 102f                                 # if at <= %13 goto else10
    movq 40(%rax), %rcx                      # at = cpu.last
102:
101:
    cmpq $4, %rcx                            # check at < 4, or IndexError
    jae 103b                                 # check at < 4, or IndexError
    addq $1, 48(%rax, %rcx, 8)               # cpu.counts[at] += 1    # commit
3:
# bytes: 76 in the section, 184 in all
