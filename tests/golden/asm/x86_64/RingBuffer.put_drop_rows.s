# put(cpu: Rows, data: bytes, len(data): u64) -> bool:
#     head = cpu.head
#     %6 = cpu.tail    # acquire
#     %7 = head - %6
#     if %7 < 2 goto else3
#     return False
#   else3:
#     %10 = head & 1
#     %11 = clock()
#     cpu.stamps[head & last] = %11
#     goto else12
#   else12:
#     %14 = head & 1
#     %15 = %14 * 12
#     %16 = 24 - %15
#     %17 = 12
#     check %17 <= len(data), or IndexError
#     copy 12 bytes, data to cpu.data[(head & last) * size]
#     %18 = head + 1
#     cpu.head = %18
#     return True
#
# x86_64, lanes by cpu_id: 34 instructions and 8 cold
# registers: status %r11, result %r12, temporary %rax, temporary %rdx, temporary %r13, temporary %r14, temporary %xmm0, area %rdi, base %rsi, stride %rcx, lanes %r8, data %r9, len(data) %r10

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r11                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %r12d, %r12d                        # %result = False
    jmp 3f                                   # %result = False
102:                                         # data: index out of range
    movq $-16, %r11                          # data: index out of range
    jmp 3f                                   # data: index out of range
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r11                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r11                     # restart
    movq %r11, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %r11d                  # this CPU's lane
    cmpl %r8d, %r11d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rcx, %r11                         # this CPU's lane
    addq %rsi, %r11                          # this CPU's lane
    movq (%r11), %r13                        # head = cpu.head
    movq 80(%r11), %r12                      # %6 = cpu.tail    # acquire
    movq %r13, %rax                          # %7 = head - %6
    subq %r12, %rax                          # %7 = head - %6
    cmpq $2, %rax                            # if %7 >= 2 goto exit0
    jae 101b                                 # if %7 >= 2 goto exit0
    movq %r13, %r12                          # %10 = head & 1
    andq $1, %r12                            # %10 = head & 1
    rdtsc                                    # %11 = clock()
    shlq $32, %rdx                           # %11 = clock()
    orq %rdx, %rax                           # %11 = clock()
    movq %rax, %r14                          # %11 = clock()
    movq %r14, 176(%r11, %r12, 8)            # cpu.stamps[head & last] = %11
    movq %r13, %r12                          # %14 = head & 1
    andq $1, %r12                            # %14 = head & 1
    imulq $12, %r12                          # %15 = %14 * 12
    movl $12, %eax                           # %17 = 12
    cmpq %r10, %rax                          # check %17 <= len(data), or IndexError
    ja 102b                                  # check %17 <= len(data), or IndexError
    leaq 152(%r11, %r12, 1), %rax            # copy 12 bytes, data to cpu.data[(head & last) * size]
    movq (%r9), %rdx                         # copy 12 bytes, data to cpu.data[(head & last) * size]
    movq %rdx, (%rax)                        # copy 12 bytes, data to cpu.data[(head & last) * size]
    movl 8(%r9), %edx                        # copy 12 bytes, data to cpu.data[(head & last) * size]
    movl %edx, 8(%rax)                       # copy 12 bytes, data to cpu.data[(head & last) * size]
    addq $1, %r13                            # %18 = head + 1
    movl $1, %r12d                           # %result = True
    movq %r13, (%r11)                        # cpu.head = %18    # commit
3:
# bytes: 118 in the section, 216 in all
