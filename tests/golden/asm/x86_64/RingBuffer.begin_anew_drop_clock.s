# begin_anew(cpu: Ring, size: u64) -> bool:
#     head = cpu.head
#     at = head & 15
#     %1 = head | 15
#     start = %1 + 1
#     if size > 16 goto decided4
#     %7 = at + size
#     if %7 <= 16 goto decided4
#     %9 = start + size
#     %10 = cpu.tail    # acquire
#     %11 = %9 - %10
#     if %11 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     cpu.data[at] = 4294967295
#     cpu.head = start
#     return True
#
# x86_64, lanes by cpu_id: 25 instructions and 6 cold
# registers: status %r9, result %rax, temporary %r10, temporary %r11, temporary %r12, area %rdi, base %rsi, stride %rdx, lanes %rcx, size %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    xorl %eax, %eax                          # %result = False
    jmp 3f                                   # %result = False
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
    addq %rsi, %r9                           # this CPU's lane
    movq (%r9), %r10                         # head = cpu.head
    movq %r10, %rax                          # at = head & 15
    andq $15, %rax                           # at = head & 15
    orq $15, %r10                            # %1 = head | 15
    addq $1, %r10                            # start = %1 + 1
    cmpq $16, %r8                            # if size > 16 goto decided4
    ja 101b                                  # if size > 16 goto decided4
    leaq (%rax, %r8), %r11                   # %7 = at + size
    cmpq $16, %r11                           # if %7 <= 16 goto decided4
    jbe 101b                                 # if %7 <= 16 goto decided4
    leaq (%r10, %r8), %r11                   # %9 = start + size
    movq 80(%r9), %r12                       # %10 = cpu.tail    # acquire
    subq %r12, %r11                          # %11 = %9 - %10
    cmpq $16, %r11                           # if %11 > 16 goto exit0
    ja 102b                                  # if %11 > 16 goto exit0
    movl $4294967295, 156(%r9, %rax, 4)      # cpu.data[at] = 4294967295
    movl $1, %eax                            # %result = True
    movq %r10, (%r9)                         # cpu.head = start    # commit
3:
# bytes: 88 in the section, 184 in all
