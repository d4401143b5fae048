# clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
#     if n >= low goto else1
#     cpu.most = low
#     goto endif2
#   else1:
#     if n <= high goto else4
#     cpu.most = high
#     goto endif5
#   else4:
#     cpu.most = n
#   endif5:
#   endif2:
#     %7 = n - low
#     return %7
#
# x86_64, lanes by cpu_id: 22 instructions and 4 cold
# registers: status %r10, result %r11, temporary %r12, area %rdi, base %rsi, stride %rdx, lanes %rcx, n %r8, low %r9, high %rax

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
    cmpl %ecx, %r10d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r10                         # this CPU's lane
    cmpq %r9, %r8                            # if n >= low goto else1
    jge 101f                                 # if n >= low goto else1
    movq %r8, %r11                           # %7 = n - low
    subq %r9, %r11                           # %7 = n - low
    movq %r9, %r12                           # %commit = low
    jmp 102f                                 # goto commit
101:
    cmpq %rax, %r8                           # if n <= high goto else4
    jle 103f                                 # if n <= high goto else4
    movq %r8, %r11                           # %7 = n - low
    subq %r9, %r11                           # %7 = n - low
    movq %rax, %r12                          # %commit = high
    jmp 102f                                 # goto commit
103:
    movq %r8, %r11                           # %7 = n - low
    subq %r9, %r11                           # %7 = n - low
    movq %r8, %r12                           # %commit = n
102:
    movq %r12, 8(%rsi, %r10)                 # cpu.most = %commit    # commit
3:
# bytes: 60 in the section, 152 in all
