# reserve(cpu: Ring, size: u64) -> bool:
#     written = cpu.written
#     %4 = written + size
#     %5 = cpu.read
#     %6 = %4 - %5
#     if %6 <= 256 goto else1
#     cpu.lost += 1
#     return False
#   else1:
#     %7 = written + size
#     cpu.written = %7
#     return True
#
# x86_64, lanes by cpu_id: 21 instructions and 4 cold
# registers: status %r9, result %rax, temporary %r10, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %rcx, size %r8

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
    movq (%rsi, %r9), %r10                   # written = cpu.written
    leaq (%r10, %r8), %rax                   # %4 = written + size
    movq 8(%rsi, %r9), %r11                  # %5 = cpu.read
    subq %r11, %rax                          # %6 = %4 - %5
    cmpq $256, %rax                          # if %6 <= 256 goto else1
    jbe 101f                                 # if %6 <= 256 goto else1
    movq 16(%rsi, %r9), %r10                 # %commit = cpu.lost
    addq $1, %r10                            # %commit = %commit + 1
    leaq 16(%rsi, %r9), %r11                 # %commit.at = address of cpu.lost
    xorl %eax, %eax                          # %result = False
    jmp 102f                                 # goto commit
101:
    addq %r8, %r10                           # %7 = written + size
    leaq (%rsi, %r9), %r11                   # %commit.at = address of cpu.written
    movl $1, %eax                            # %result = True
102:
    movq %r10, (%r11)                        # cpu.lost or cpu.written = %commit    # commit
3:
# bytes: 71 in the section, 152 in all
