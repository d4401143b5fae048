# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 4
#     %3 = %2 & 31
#     at = %3
#     %8 = at & 15
#     %9 = %8 + size
#     if %9 >= 16 goto decided6
#     %11 = head & 15
#     if %11 != 15 goto else4
#   decided6:
#     return False
#   else4:
#     %12 = size << 4
#     %13 = head + %12
#     end = %13 + 1
#     goto else14
#   else14:
#     check at < 32, or IndexError
#     %16 = u32(len(data))
#     cpu.data[at] = %16
#     %17 = at + 1
#     at = %17
#     check at < 33, or IndexError
#     %18 = at * 4
#     %19 = 128 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at]
#     cpu.head = end
#     return True
#
# x86_64, lanes by cpu_id: 73 instructions and 10 cold
# registers: status %rax, result %r10, temporary %r11, temporary %r12, temporary %r13, temporary %r14, temporary %r15, temporary %xmm0, area %rdi, base %rsi, stride %rdx, lanes %rcx, data %r8, len(data) %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
103:                                         # cpu.data: index out of range
    movq $-16, %rax                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
104:                                         # cpu.data: index out of range
    movq $-17, %rax                          # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
105:                                         # cpu.data[at]: index out of range
    movq $-18, %rax                          # cpu.data[at]: index out of range
    jmp 3f                                   # cpu.data[at]: index out of range
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %rax                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %rax                     # restart
    movq %rax, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %eax                   # this CPU's lane
    cmpl %ecx, %eax                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %rax                         # this CPU's lane
    addq %rsi, %rax                          # this CPU's lane
    leaq 7(%r9), %r11                        # %1 = len(data) + 7
    shrq $2, %r11                            # size = %1 >> 2
    movq (%rax), %r12                        # head = cpu.head
    movq %r12, %r13                          # %2 = head >> 4
    shrq $4, %r13                            # %2 = head >> 4
    andq $31, %r13                           # at = %2 & 31
    movq %r13, %r14                          # %8 = at & 15
    andq $15, %r14                           # %8 = at & 15
    addq %r11, %r14                          # %9 = %8 + size
    cmpq $16, %r14                           # if %9 >= 16 goto decided6
    jae 101f                                 # if %9 >= 16 goto decided6
    movq %r12, %r14                          # %11 = head & 15
    andq $15, %r14                           # %11 = head & 15
    cmpq $15, %r14                           # if %11 != 15 goto else4
    jne 102f                                 # if %11 != 15 goto else4
101:
    xorl %r10d, %r10d                        # %result = False
    jmp 3f                                   # goto end
102:
    movq %r11, %r14                          # %12 = size << 4
    shlq $4, %r14                            # %12 = size << 4
    movq %r12, %r11                          # %13 = head + %12
    addq %r14, %r11                          # %13 = head + %12
    leaq 1(%r11), %r12                       # end = %13 + 1
    cmpq $32, %r13                           # check at < 32, or IndexError
    jae 103b                                 # check at < 32, or IndexError
    movl %r9d, %r14d                         # %16 = u32(len(data))
    movl %r14d, 188(%rax, %r13, 4)           # cpu.data[at] = %16
    leaq 1(%r13), %r11                       # %17 = at + 1
    movq %r11, %r13                          # at = %17
    cmpq $33, %r13                           # check at < 33, or IndexError
    jae 104b                                 # check at < 33, or IndexError
    movq %r13, %r14                          # %18 = at * 4
    imulq $4, %r14                           # %18 = at * 4
    movl $128, %r11d                         # %19 = 128 - %18
    subq %r14, %r11                          # %19 = 128 - %18
    cmpq %r11, %r9                           # check len(data) <= %19, or IndexError
    ja 105b                                  # check len(data) <= %19, or IndexError
    leaq 188(%rax, %r13, 4), %r14            # copy len(data) bytes, data to cpu.data[at]
    movq %r9, %r15                           # copy len(data) bytes, data to cpu.data[at]
    jmp 107f                                 # copy len(data) bytes, data to cpu.data[at]
106:
    subq $16, %r15                           # copy len(data) bytes, data to cpu.data[at]
    movups (%r8, %r15), %xmm0                # copy len(data) bytes, data to cpu.data[at]
    movups %xmm0, (%r14, %r15)               # copy len(data) bytes, data to cpu.data[at]
107:
    cmpq $16, %r15                           # copy len(data) bytes, data to cpu.data[at]
    jae 106b                                 # copy len(data) bytes, data to cpu.data[at]
    testl $8, %r15d                          # copy len(data) bytes, data to cpu.data[at]
    je 108f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $8, %r15                            # copy len(data) bytes, data to cpu.data[at]
    movq (%r8, %r15), %r11                   # copy len(data) bytes, data to cpu.data[at]
    movq %r11, (%r14, %r15)                  # copy len(data) bytes, data to cpu.data[at]
108:
    testl $4, %r15d                          # copy len(data) bytes, data to cpu.data[at]
    je 109f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $4, %r15                            # copy len(data) bytes, data to cpu.data[at]
    movl (%r8, %r15), %r11d                  # copy len(data) bytes, data to cpu.data[at]
    movl %r11d, (%r14, %r15)                 # copy len(data) bytes, data to cpu.data[at]
109:
    testl $2, %r15d                          # copy len(data) bytes, data to cpu.data[at]
    je 110f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $2, %r15                            # copy len(data) bytes, data to cpu.data[at]
    movzwl (%r8, %r15), %r11d                # copy len(data) bytes, data to cpu.data[at]
    movw %r11w, (%r14, %r15)                 # copy len(data) bytes, data to cpu.data[at]
110:
    testl $1, %r15d                          # copy len(data) bytes, data to cpu.data[at]
    je 111f                                  # copy len(data) bytes, data to cpu.data[at]
    subq $1, %r15                            # copy len(data) bytes, data to cpu.data[at]
    movzbl (%r8, %r15), %r11d                # copy len(data) bytes, data to cpu.data[at]
    movb %r11b, (%r14, %r15)                 # copy len(data) bytes, data to cpu.data[at]
111:
    movl $1, %r10d                           # %result = True
    movq %r12, (%rax)                        # cpu.head = end    # commit
3:
# bytes: 287 in the section, 408 in all
