# tally(cpu: Numbers, index: i64, n: i64):
#     check index < 8, or IndexError    # before the section
#     cpu.table[index] += n
#     return
#
# x86_64, lanes by cpu_id: 8 instructions and 4 cold
# registers: status %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx, index %r8, n %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    addq %rsi, %rax                          # this CPU's lane
    addq %r9, 48(%rax, %r8, 8)               # cpu.table[index] += n    # commit
3:
# bytes: 20 in the section, 120 in all
