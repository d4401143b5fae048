# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 3
#     position = %1
#     %2 = position & 15
#     end = %2 + size
#     if end >= 16 goto else3
#     %7 = head & 3
#     if %7 == 3 goto else3
#     return
#   else3:
#     %8 = head & 3
#     serial = %8
#     %11 = head & 4
#     if %11 == 0 goto else9
#     %12 = cpu.odd
#     %13 = serial + %12
#     serial = %13
#     cpu.even = serial
#     goto endif10
#   else9:
#     %14 = cpu.even
#     %15 = serial + %14
#     serial = %15
#     cpu.odd = serial
#   endif10:
#     if end < 16 goto else16
#     %19 = position & 31
#     cpu.data[position & last] = 4294967295
#     %20 = position | 15
#     %21 = %20 + 1
#     position = %21
#     %22 = position & 31
#     %23 = u32(serial)
#     cpu.data[position & last] = %23
#     %24 = position & 31
#     %25 = %24 + 1
#     check %25 < 32, or IndexError
#     %26 = serial >> 32
#     %27 = u32(%26)
#     cpu.data[(position & last) + 1] = %27
#     %28 = position + 2
#     position = %28
#   else16:
#     %29 = position << 3
#     %30 = head ^ 18446744073709551615
#     %31 = %30 & 4
#     %32 = %29 | %31
#     cpu.head = %32
#     return
#
# x86_64, lanes by cpu_id: 58 instructions and 6 cold
# registers: status %r9, temporary %rax, temporary %r10, temporary %r11, temporary %r12, temporary %r13, area %rdi, base %rsi, stride %rdx, lanes %rcx, size %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
105:                                         # cpu.data: index out of range
    movq $-16, %r9                           # cpu.data: index out of range
    jmp 3f                                   # cpu.data: index out of range
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
    movq (%r9), %rax                         # head = cpu.head
    movq %rax, %r10                          # position = head >> 3
    shrq $3, %r10                            # position = head >> 3
    movq %r10, %r11                          # %2 = position & 15
    andq $15, %r11                           # %2 = position & 15
    addq %r8, %r11                           # end = %2 + size
    cmpq $16, %r11                           # if end >= 16 goto else3
    jae 101f                                 # if end >= 16 goto else3
    movq %rax, %r12                          # %7 = head & 3
    andq $3, %r12                            # %7 = head & 3
    cmpq $3, %r12                            # if %7 != 3 goto end
    jne 3f                                   # if %7 != 3 goto end
101:
    movq %rax, %r12                          # serial = head & 3
    andq $3, %r12                            # serial = head & 3
    movq %rax, %r13                          # %11 = head & 4
    andq $4, %r13                            # %11 = head & 4
    testq %r13, %r13                         # if %11 == 0 goto else9
    je 102f                                  # if %11 == 0 goto else9
    movq 24(%r9), %r13                       # %12 = cpu.odd
    addq %r13, %r12                          # serial = serial + %12
    movq %r12, 16(%r9)                       # cpu.even = serial
    jmp 103f                                 # goto endif10
102:
    movq 16(%r9), %r13                       # %14 = cpu.even
    addq %r13, %r12                          # serial = serial + %14
    movq %r12, 24(%r9)                       # cpu.odd = serial
103:
    cmpq $16, %r11                           # if end < 16 goto else16
    jb 104f                                  # if end < 16 goto else16
    movq %r10, %r11                          # %19 = position & 31
    andq $31, %r11                           # %19 = position & 31
    movl $4294967295, 204(%r9, %r11, 4)      # cpu.data[position & last] = 4294967295
    orq $15, %r10                            # %20 = position | 15
    addq $1, %r10                            # position = %20 + 1
    movq %r10, %r11                          # %22 = position & 31
    andq $31, %r11                           # %22 = position & 31
    movl %r12d, %r13d                        # %23 = u32(serial)
    movl %r13d, 204(%r9, %r11, 4)            # cpu.data[position & last] = %23
    movq %r10, %r11                          # %24 = position & 31
    andq $31, %r11                           # %24 = position & 31
    leaq 1(%r11), %r13                       # %25 = %24 + 1
    cmpq $32, %r13                           # check %25 < 32, or IndexError
    jae 105b                                 # check %25 < 32, or IndexError
    shrq $32, %r12                           # %26 = serial >> 32
    movl %r12d, %r12d                        # %27 = u32(%26)
    movl %r12d, 208(%r9, %r11, 4)            # cpu.data[(position & last) + 1] = %27
    addq $2, %r10                            # position = position + 2
104:
    shlq $3, %r10                            # %29 = position << 3
    movabsq $18446744073709551615, %r11      # %constant1 = 18446744073709551615
    xorq %r11, %rax                          # %30 = head ^ %constant1
    andq $4, %rax                            # %31 = %30 & 4
    orq %rax, %r10                           # %32 = %29 | %31
    movq %r10, (%r9)                         # cpu.head = %32    # commit
3:
# bytes: 221 in the section, 312 in all
