# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head & 15
#     at = %2
#     end = head + size
#     %7 = at + size
#     if %7 > 16 goto decided5
#     %9 = cpu.tail    # acquire
#     %10 = end - %9
#     if %10 <= 16 goto else3
#   decided5:
#     return False
#   else3:
#     now = clock()
#     check at < 16, or IndexError
#     %13 = u32(len(data))
#     cpu.data[at] = %13
#     %14 = at + 1
#     at = %14
#     check at < 16, or IndexError
#     %15 = u32(now)
#     cpu.data[at] = %15
#     %16 = at + 1
#     at = %16
#     check at < 16, or IndexError
#     %17 = now >> 32
#     %18 = u32(%17)
#     cpu.data[at] = %18
#     %19 = at + 1
#     at = %19
#     check at < 17, or IndexError
#     %20 = at * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# x86_64, lanes by cpu_id: 87 instructions and 14 cold
# registers: status %r11, result %r12, temporary %rax, temporary %rdx, temporary %r13, temporary %r14, temporary %r15, temporary %xmm0, area %rdi, base %rsi, stride %rcx, lanes %r8, data %r9, len(data) %r10

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r11                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
103:                                         # cpu.data: index out of range
    movq $-16, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    movq $-17, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    movq $-18, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
106:                                         # cpu.data: index out of range
    movq $-19, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
107:                                         # cpu.data[at]: index out of range
    movq $-20, %r11                          # cpu.data[at]: index out of range
    jmp 3f                                   # cpu.data[at]: index out of range
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
    leaq 15(%r10), %rax                      # %1 = len(data) + 15
    movq %rax, %rdx                          # size = %1 >> 2
    shrq $2, %rdx                            # size = %1 >> 2
    movq (%r11), %rax                        # head = cpu.head
    movq %rax, %r13                          # at = head & 15
    andq $15, %r13                           # at = head & 15
    movq %rax, %r14                          # end = head + size
    addq %rdx, %r14                          # end = head + size
    movq %r13, %rax                          # %7 = at + size
    addq %rdx, %rax                          # %7 = at + size
    cmpq $16, %rax                           # if %7 > 16 goto decided5
    ja 101f                                  # if %7 > 16 goto decided5
    movq 80(%r11), %rdx                      # %9 = cpu.tail    # acquire
    movq %r14, %rax                          # %10 = end - %9
    subq %rdx, %rax                          # %10 = end - %9
    cmpq $16, %rax                           # if %10 <= 16 goto else3
    jbe 102f                                 # if %10 <= 16 goto else3
101:
    xorl %r12d, %r12d                        # %result = False
    jmp 3f                                   # goto end
102:
    rdtsc                                    # now = clock()
    shlq $32, %rdx                           # now = clock()
    orq %rdx, %rax                           # now = clock()
    movq %rax, %r15                          # now = clock()
    cmpq $16, %r13                           # check at < 16, or IndexError
    jae 103b                                 # check at < 16, or IndexError
    movl %r10d, %eax                         # %13 = u32(len(data))
    movl %eax, 172(%r11, %r13, 4)            # cpu.data[at] = %13
    leaq 1(%r13), %rdx                       # %14 = at + 1
    movq %rdx, %r13                          # at = %14
    cmpq $16, %r13                           # check at < 16, or IndexError
    jae 104b                                 # check at < 16, or IndexError
    movl %r15d, %eax                         # %15 = u32(now)
    movl %eax, 172(%r11, %r13, 4)            # cpu.data[at] = %15
    leaq 1(%r13), %rdx                       # %16 = at + 1
    movq %rdx, %r13                          # at = %16
    cmpq $16, %r13                           # check at < 16, or IndexError
    jae 105b                                 # check at < 16, or IndexError
    shrq $32, %r15                           # %17 = now >> 32
    movl %r15d, %r15d                        # %18 = u32(%17)
    movl %r15d, 172(%r11, %r13, 4)           # cpu.data[at] = %18
    leaq 1(%r13), %r15                       # %19 = at + 1
    movq %r15, %r13                          # at = %19
    cmpq $17, %r13                           # check at < 17, or IndexError
    jae 106b                                 # check at < 17, or IndexError
    movq %r13, %r15                          # %20 = at * 4
    imulq $4, %r15                           # %20 = at * 4
    movl $64, %eax                           # %21 = 64 - %20
    subq %r15, %rax                          # %21 = 64 - %20
    cmpq %rax, %r10                          # check len(data) <= %21, or IndexError
    ja 107b                                  # check len(data) <= %21, or IndexError
    leaq 172(%r11, %r13, 4), %r15            # copy len(data) bytes, data to cpu.data[at]
    movq %r10, %rax                          # copy len(data) bytes, data to cpu.data[at]
    jmp 109f                                 # copy len(data) bytes, data to cpu.data[at]
108:
    subq $16, %rax                           # copy len(data) bytes, data to cpu.data[at]
    movups (%r9, %rax), %xmm0                # copy len(data) bytes, data to cpu.data[at]
    movups %xmm0, (%r15, %rax)               # copy len(data) bytes, data to cpu.data[at]
109:
    cmpq $16, %rax                           # copy len(data) bytes, data to cpu.data[at]
    jae 108b                                 # copy len(data) bytes, data to cpu.data[at]
    testl $8, %eax                           # copy len(data) bytes, data to cpu.data[at]
    je 110f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $8, %rax                            # copy len(data) bytes, data to cpu.data[at]
    movq (%r9, %rax), %rdx                   # copy len(data) bytes, data to cpu.data[at]
    movq %rdx, (%r15, %rax)                  # copy len(data) bytes, data to cpu.data[at]
110:
    testl $4, %eax                           # copy len(data) bytes, data to cpu.data[at]
    je 111f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $4, %rax                            # copy len(data) bytes, data to cpu.data[at]
    movl (%r9, %rax), %edx                   # copy len(data) bytes, data to cpu.data[at]
    movl %edx, (%r15, %rax)                  # copy len(data) bytes, data to cpu.data[at]
111:
    testl $2, %eax                           # copy len(data) bytes, data to cpu.data[at]
    je 112f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $2, %rax                            # copy len(data) bytes, data to cpu.data[at]
    movzwl (%r9, %rax), %edx                 # copy len(data) bytes, data to cpu.data[at]
    movw %dx, (%r15, %rax)                   # copy len(data) bytes, data to cpu.data[at]
112:
    testl $1, %eax                           # copy len(data) bytes, data to cpu.data[at]
    je 113f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $1, %rax                            # copy len(data) bytes, data to cpu.data[at]
    movzbl (%r9, %rax), %edx                 # copy len(data) bytes, data to cpu.data[at]
    movb %dl, (%r15, %rax)                   # copy len(data) bytes, data to cpu.data[at]
113:
    movl $1, %r12d                           # %result = True
    movq %r14, (%r11)                        # cpu.head = end    # commit
3:
# bytes: 339 in the section, 472 in all
