# put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
#     %1 = len(data) + 7
#     size = %1 >> 2
#     head = cpu.head
#     %2 = head >> 3
#     at = %2 & 31
#     %7 = at & 15
#     %8 = %7 + size
#     if %8 >= 16 goto decided5
#     %10 = head & 3
#     if %10 != 3 goto else3
#   decided5:
#     return False
#   else3:
#     %11 = size << 3
#     %12 = head + %11
#     end = %12 + 1
#     %14 = u32(len(data))
#     cpu.data[at] = %14
#     goto else15
#   else15:
#     %17 = at + 1
#     %18 = at * 4
#     %19 = 124 - %18
#     check len(data) <= %19, or IndexError
#     copy len(data) bytes, data to cpu.data[at + header]
#     cpu.head = end
#     return True
#
# x86_64, lanes by cpu_id: 68 instructions and 8 cold
# registers: status %rax, result %r10, temporary %r11, temporary %r12, temporary %r13, temporary %r14, temporary %xmm0, area %rdi, base %rsi, stride %rdx, lanes %rcx, data %r8, len(data) %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
102:                                         # %result = False
    xorl %r10d, %r10d                        # %result = False
    jmp 3f                                   # %result = False
103:                                         # cpu.data[at + header]: index out of range
    movq $-16, %rax                          # cpu.data[at + header]: index out of range
    jmp 3f                                   # cpu.data[at + header]: index out of range
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
    leaq 7(%r9), %r10                        # %1 = len(data) + 7
    shrq $2, %r10                            # size = %1 >> 2
    movq (%rax), %r11                        # head = cpu.head
    movq %r11, %r12                          # %2 = head >> 3
    shrq $3, %r12                            # %2 = head >> 3
    andq $31, %r12                           # at = %2 & 31
    movq %r12, %r13                          # %7 = at & 15
    andq $15, %r13                           # %7 = at & 15
    addq %r10, %r13                          # %8 = %7 + size
    cmpq $16, %r13                           # if %8 >= 16 goto decided5
    jae 101b                                 # if %8 >= 16 goto decided5
    movq %r11, %r13                          # %10 = head & 3
    andq $3, %r13                            # %10 = head & 3
    cmpq $3, %r13                            # if %10 == 3 goto exit0
    je 102b                                  # if %10 == 3 goto exit0
    shlq $3, %r10                            # %11 = size << 3
    addq %r10, %r11                          # %12 = head + %11
    addq $1, %r11                            # end = %12 + 1
    movl %r9d, %r10d                         # %14 = u32(len(data))
    movl %r10d, 204(%rax, %r12, 4)           # cpu.data[at] = %14
    leaq (, %r12, 4), %r10                   # %18 = at * 4
    movl $124, %r13d                         # %19 = 124 - %18
    subq %r10, %r13                          # %19 = 124 - %18
    cmpq %r13, %r9                           # check len(data) <= %19, or IndexError
    ja 103b                                  # check len(data) <= %19, or IndexError
    leaq 208(%rax, %r12, 4), %r10            # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $8, %r9                             # copy len(data) bytes, data to cpu.data[at + header]
    jae 104f                                 # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $4, %r9                             # copy len(data) bytes, data to cpu.data[at + header]
    jb 105f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movl (%r8), %r13d                        # copy len(data) bytes, data to cpu.data[at + header]
    movl %r13d, (%r10)                       # copy len(data) bytes, data to cpu.data[at + header]
    movl -4(%r8, %r9), %r13d                 # copy len(data) bytes, data to cpu.data[at + header]
    movl %r13d, -4(%r10, %r9)                # copy len(data) bytes, data to cpu.data[at + header]
    jmp 107f                                 # copy len(data) bytes, data to cpu.data[at + header]
104:
    cmpq $16, %r9                            # copy len(data) bytes, data to cpu.data[at + header]
    jae 106f                                 # copy len(data) bytes, data to cpu.data[at + header]
    movq (%r8), %r13                         # copy len(data) bytes, data to cpu.data[at + header]
    movq %r13, (%r10)                        # copy len(data) bytes, data to cpu.data[at + header]
    movq -8(%r8, %r9), %r13                  # copy len(data) bytes, data to cpu.data[at + header]
    movq %r13, -8(%r10, %r9)                 # copy len(data) bytes, data to cpu.data[at + header]
    jmp 107f                                 # copy len(data) bytes, data to cpu.data[at + header]
106:
    movq %r9, %r14                           # copy len(data) bytes, data to cpu.data[at + header]
108:
    subq $16, %r14                           # copy len(data) bytes, data to cpu.data[at + header]
    movups (%r8, %r14), %xmm0                # copy len(data) bytes, data to cpu.data[at + header]
    movups %xmm0, (%r10, %r14)               # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $16, %r14                           # copy len(data) bytes, data to cpu.data[at + header]
    ja 108b                                  # copy len(data) bytes, data to cpu.data[at + header]
    movups (%r8), %xmm0                      # copy len(data) bytes, data to cpu.data[at + header]
    movups %xmm0, (%r10)                     # copy len(data) bytes, data to cpu.data[at + header]
    jmp 107f                                 # copy len(data) bytes, data to cpu.data[at + header]
105:
    testq %r9, %r9                           # copy len(data) bytes, data to cpu.data[at + header]
    je 107f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movzbl (%r8), %r13d                      # copy len(data) bytes, data to cpu.data[at + header]
    movb %r13b, (%r10)                       # copy len(data) bytes, data to cpu.data[at + header]
    cmpq $2, %r9                             # copy len(data) bytes, data to cpu.data[at + header]
    jb 107f                                  # copy len(data) bytes, data to cpu.data[at + header]
    movzwl -2(%r8, %r9), %r13d               # copy len(data) bytes, data to cpu.data[at + header]
    movw %r13w, -2(%r10, %r9)                # copy len(data) bytes, data to cpu.data[at + header]
107:
    movl $1, %r10d                           # %result = True
    movq %r11, (%rax)                        # cpu.head = end    # commit
3:
# bytes: 260 in the section, 344 in all
