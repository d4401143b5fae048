# mark(cpu: Chosen, Small.rows: u64, Small.length: u64) -> u8:
#     %1 = cpu.small
#     %2 = %1 - 1
#     check %2 < Small.length, or IndexError
#     %3 = u64(%2)
#     %4 = %3 * 3
#     %5 = address of the row cpu.small
#     low = cpu.small.low
#     %6 = cpu.small
#     %7 = %6 - 1
#     check %7 < Small.length, or IndexError
#     %8 = u64(%7)
#     %9 = %8 * 3
#     %10 = address of the row cpu.small
#     cpu.small.marked = True
#     return low
#
# x86_64, lanes by cpu_id: 22 instructions and 8 cold
# registers: status %rax, result %r10, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %rcx, Small.rows %r8, Small.length %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # Small: index out of range
    movq $-16, %rax                          # Small: index out of range
    jmp 3f                                   # Small: index out of range
102:                                         # Small: index out of range
    movq $-17, %rax                          # Small: index out of range
    jmp 3f                                   # Small: index out of range
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
    cmpl %ecx, %eax                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %rax                         # this CPU's lane
    movl (%rsi, %rax), %r11d                 # %1 = cpu.small
    subq $1, %r11                            # %2 = %1 - 1
    movl %r11d, %r11d                        # %2 = %1 - 1
    cmpq %r9, %r11                           # check %2 < Small.length, or IndexError
    jae 101b                                 # check %2 < Small.length, or IndexError
    imulq $3, %r11                           # %4 = %3 * 3
    leaq (%r8, %r11, 1), %r11                # %5 = address of the row cpu.small
    movzbl (%r11), %r10d                     # low = cpu.small.low
    movl (%rsi, %rax), %r11d                 # %6 = cpu.small
    subq $1, %r11                            # %7 = %6 - 1
    movl %r11d, %r11d                        # %7 = %6 - 1
    cmpq %r9, %r11                           # check %7 < Small.length, or IndexError
    jae 102b                                 # check %7 < Small.length, or IndexError
    imulq $3, %r11                           # %9 = %8 * 3
    leaq (%r8, %r11, 1), %r11                # %10 = address of the row cpu.small
    movb $1, 2(%r11)                         # cpu.small.marked = True    # commit
3:
# bytes: 69 in the section, 184 in all
