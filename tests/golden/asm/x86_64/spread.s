# spread(cpu: Numbers, n: i64):
#     %4 = cpu.least
#     if n >= %4 goto else1
#     cpu.least = n
#     goto endif2
#   else1:
#     %8 = cpu.most
#     if n <= %8 goto else5
#     cpu.most = n
#   else5:
#   endif2:
#     return
#
# x86_64, lanes by cpu_id: 18 instructions and 4 cold
# registers: status %r9, temporary %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx, n %r8

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
    imulq %rdx, %r9                          # this CPU's lane
    movq (%rsi, %r9), %rax                   # %4 = cpu.least
    cmpq %rax, %r8                           # if n >= %4 goto else1
    jge 101f                                 # if n >= %4 goto else1
    leaq (%rsi, %r9), %rax                   # %commit.at = address of cpu.least
    jmp 102f                                 # goto commit
101:
    movq 8(%rsi, %r9), %rax                  # %8 = cpu.most
    cmpq %rax, %r8                           # if n <= %8 goto else5
    jle 103f                                 # if n <= %8 goto else5
    leaq 8(%rsi, %r9), %rax                  # %commit.at = address of cpu.most
    jmp 102f                                 # goto commit
103:
    jmp 3f                                   # goto end
102:
    movq %r8, (%rax)                         # cpu.least or cpu.most = n    # commit
3:
# bytes: 51 in the section, 120 in all
