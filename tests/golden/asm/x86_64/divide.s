# divide(cpu: Numbers, n: i64) -> i64:
#     %1 = n // 10
#     cpu.least = %1
#     %2 = n % 16
#     return %2
#
# x86_64, lanes by cpu_id: 21 instructions and 4 cold
# registers: status %r10, result %r11, temporary %rax, temporary %rdx, temporary %r12, area %rdi, base %rsi, stride %rcx, lanes %r8, n %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r10                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r10                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r10                     # restart
    movq %r10, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %r10d                  # this CPU's lane
    cmpl %r8d, %r10d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rcx, %r10                         # this CPU's lane
    movl $10, %r11d                          # %constant1 = 10
    movq %r9, %rax                           # %quotient0 = n quo %constant1
    cqto                                     # %quotient0 = n quo %constant1
    idivq %r11                               # %quotient0 = n quo %constant1
    movq %rax, %r12                          # %quotient0 = n quo %constant1
    movq %r12, %r11                          # %rest0 = %quotient0 * 10
    imulq $10, %r11                          # %rest0 = %quotient0 * 10
    movq %r9, %rax                           # %rest0 = n - %rest0
    subq %r11, %rax                          # %rest0 = n - %rest0
    cmpq $0, %rax                            # if %rest0 >= 0 goto exact0
    jge 101f                                 # if %rest0 >= 0 goto exact0
    subq $1, %r12                            # %quotient0 = %quotient0 - 1
101:
    movq %r9, %r11                           # %result = n & 15
    andq $15, %r11                           # %result = n & 15
    movq %r12, (%rsi, %r10)                  # cpu.least = %1    # commit
3:
# bytes: 65 in the section, 152 in all
