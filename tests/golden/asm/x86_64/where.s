# where(cpu: Numbers) -> i32:
#     number = cpu_number()
#     cpu.cpu = number
#     return number
#
# x86_64, lanes by cpu_id: 8 instructions and 4 cold
# registers: status %r8, result %r9, area %rdi, base %rsi, stride %rdx, lanes %rcx

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
    movl %r8d, %r9d                          # this CPU's lane
    imulq %rdx, %r8                          # this CPU's lane
    movl %r9d, 40(%rsi, %r8)                 # cpu.cpu = number    # commit
3:
# bytes: 22 in the section, 120 in all
