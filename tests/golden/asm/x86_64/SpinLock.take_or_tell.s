# take_or_tell(cpu: Lock, me: u64) -> i32:
#     number = cpu_number()
#     %4 = cpu.owner
#     if %4 == 0 goto else1
#     %5 = number ^ -1
#     return %5
#   else1:
#     cpu.owner = me
#     return number
#
# x86_64, lanes by cpu_id: 13 instructions and 4 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, me %r8

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
    movl %r9d, %eax                          # this CPU's lane
    imulq %rdx, %r9                          # this CPU's lane
    movq (%rsi, %r9), %r10                   # %4 = cpu.owner
    testq %r10, %r10                         # if %4 == 0 goto else1
    je 101f                                  # if %4 == 0 goto else1
    xorq $-1, %rax                           # %result = number ^ -1
    jmp 3f                                   # goto end
101:
    movq %r8, (%rsi, %r9)                    # cpu.owner = me    # commit
3:
# bytes: 36 in the section, 120 in all
