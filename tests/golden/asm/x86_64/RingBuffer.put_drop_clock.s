# put(cpu: Ring, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 15
#     size = %1 >> 2
#     head = cpu.head
#     at = head & 15
#     end = head + size
#     %6 = at + size
#     if %6 > 16 goto decided4
#     %8 = cpu.tail    # acquire
#     %9 = end - %8
#     if %9 <= 16 goto else2
#   decided4:
#     return False
#   else2:
#     %11 = u32(len(data))
#     cpu.data[at] = %11
#     fill.1.now = clock()
#     %14 = at + 1
#     check %14 < 16, or IndexError
#     %15 = u32(fill.1.now)
#     cpu.data[at + 1] = %15
#     %16 = at + 2
#     check %16 < 16, or IndexError
#     %17 = fill.1.now >> 32
#     %18 = u32(%17)
#     cpu.data[at + 2] = %18
#     %19 = at + 3
#     check %19 < 17, or IndexError
#     %20 = %19 * 4
#     %21 = 64 - %20
#     check len(data) <= %21, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# x86_64, lanes by cpu_id: 82 instructions and 14 cold
# registers: status %r11, result %r12, temporary %rax, temporary %rdx, temporary %r13, temporary %r14, temporary %xmm0, area %rdi, base %rsi, stride %rcx, lanes %r8, data %r9, len(data) %r10

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r11                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    xorl %r12d, %r12d                        # %result = False
    jmp 3f                                   # %result = False
103:                                         # cpu.data: index out of range
    movq $-16, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    movq $-17, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
105:                                         # cpu.data: index out of range
    movq $-18, %r11                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
106:                                         # cpu.data[at + header]: index out of range
    movq $-19, %r11                          # cpu.data[at + header]: index out of range
    jmp 3f                                   # cpu.data[at + header]: index out of range
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
    leaq 15(%r10), %r12                      # %1 = len(data) + 15
    shrq $2, %r12                            # size = %1 >> 2
    movq (%r11), %r13                        # head = cpu.head
    movq %r13, %r14                          # at = head & 15
    andq $15, %r14                           # at = head & 15
    addq %r12, %r13                          # end = head + size
    leaq (%r14, %r12), %rax                  # %6 = at + size
    cmpq $16, %rax                           # if %6 > 16 goto decided4
    ja 101b                                  # if %6 > 16 goto decided4
    movq 80(%r11), %r12                      # %8 = cpu.tail    # acquire
    movq %r13, %rax                          # %9 = end - %8
    subq %r12, %rax                          # %9 = end - %8
    cmpq $16, %rax                           # if %9 > 16 goto exit0
    ja 102b                                  # if %9 > 16 goto exit0
    movl %r10d, %r12d                        # %11 = u32(len(data))
    movl %r12d, 156(%r11, %r14, 4)           # cpu.data[at] = %11
    rdtsc                                    # fill.1.now = clock()
    shlq $32, %rdx                           # fill.1.now = clock()
    orq %rdx, %rax                           # fill.1.now = clock()
    movq %rax, %r12                          # fill.1.now = clock()
    leaq 1(%r14), %rax                       # %14 = at + 1
    cmpq $16, %rax                           # check %14 < 16, or IndexError
    jae 103b                                 # check %14 < 16, or IndexError
    movl %r12d, %eax                         # %15 = u32(fill.1.now)
    movl %eax, 160(%r11, %r14, 4)            # cpu.data[at + 1] = %15
    leaq 2(%r14), %rax                       # %16 = at + 2
    cmpq $16, %rax                           # check %16 < 16, or IndexError
    jae 104b                                 # check %16 < 16, or IndexError
    shrq $32, %r12                           # %17 = fill.1.now >> 32
    movl %r12d, %r12d                        # %18 = u32(%17)
    movl %r12d, 156(%r11, %rax, 4)           # cpu.data[at + 2] = %18
    addq $3, %r14                            # %19 = at + 3
    cmpq $17, %r14                           # check %19 < 17, or IndexError
    jae 105b                                 # check %19 < 17, or IndexError
    leaq (, %r14, 4), %r12                   # %20 = %19 * 4
    movl $64, %eax                           # %21 = 64 - %20
    subq %r12, %rax                          # %21 = 64 - %20
    cmpq %rax, %r10                          # check len(data) <= %21, or IndexError
    ja 106b                                  # check len(data) <= %21, or IndexError
    leaq 156(%r11, %r14, 4), %r12            # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $8, %r10                            # copy len(data) bytes, data to cpu.data[at + header]
    jae 107f                                 # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $4, %r10                            # copy len(data) bytes, data to cpu.data[at + header]
    jb 108f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movl (%r9), %eax                         # copy len(data) bytes, data to cpu.data[at + header]
    movl %eax, (%r12)                        # copy len(data) bytes, data to cpu.data[at + header]
    movl -4(%r9, %r10), %eax                 # copy len(data) bytes, data to cpu.data[at + header]
    movl %eax, -4(%r12, %r10)                # copy len(data) bytes, data to cpu.data[at + header]
    jmp 110f                                 # copy len(data) bytes, data to cpu.data[at + header]
107:
    cmpq $16, %r10                           # copy len(data) bytes, data to cpu.data[at + header]
    jae 109f                                 # copy len(data) bytes, data to cpu.data[at + header]
    movq (%r9), %rax                         # copy len(data) bytes, data to cpu.data[at + header]
    movq %rax, (%r12)                        # copy len(data) bytes, data to cpu.data[at + header]
    movq -8(%r9, %r10), %rax                 # copy len(data) bytes, data to cpu.data[at + header]
    movq %rax, -8(%r12, %r10)                # copy len(data) bytes, data to cpu.data[at + header]
    jmp 110f                                 # copy len(data) bytes, data to cpu.data[at + header]
109:
    movq %r10, %rdx                          # copy len(data) bytes, data to cpu.data[at + header]
111:
    subq $16, %rdx                           # copy len(data) bytes, data to cpu.data[at + header]
    movups (%r9, %rdx), %xmm0                # copy len(data) bytes, data to cpu.data[at + header]
    movups %xmm0, (%r12, %rdx)               # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $16, %rdx                           # copy len(data) bytes, data to cpu.data[at + header]
    ja 111b                                  # copy len(data) bytes, data to cpu.data[at + header]
    movups (%r9), %xmm0                      # copy len(data) bytes, data to cpu.data[at + header]
    movups %xmm0, (%r12)                     # copy len(data) bytes, data to cpu.data[at + header]
    jmp 110f                                 # copy len(data) bytes, data to cpu.data[at + header]
108:
    testq %r10, %r10                         # copy len(data) bytes, data to cpu.data[at + header]
    je 110f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movzbl (%r9), %eax                       # copy len(data) bytes, data to cpu.data[at + header]
    movb %al, (%r12)                         # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $2, %r10                            # copy len(data) bytes, data to cpu.data[at + header]
    jb 110f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movzwl -2(%r9, %r10), %eax               # copy len(data) bytes, data to cpu.data[at + header]
    movw %ax, -2(%r12, %r10)                 # copy len(data) bytes, data to cpu.data[at + header]
110:
    movl $1, %r12d                           # %result = True
    movq %r13, (%r11)                        # cpu.head = end    # commit
3:
# bytes: 330 in the section, 440 in all
