# begin_part(cpu: Recorder, size: u64):
#     head = cpu.head
#     %1 = head >> 4
#     here = %1 & 31
#     %5 = here & 15
#     %6 = %5 + size
#     if %6 >= 16 goto else2
#     %8 = head & 15
#     if %8 == 15 goto else2
#     return
#   else2:
#     cpu.data[here] = 4294967295
#     %9 = head >> 4
#     %10 = %9 | 15
#     start = %10 + 1
#     %11 = head & 15
#     serial = %11
#     %14 = start & 16
#     if %14 == 0 goto else12
#     %15 = cpu.even
#     %16 = serial + %15
#     serial = %16
#     cpu.odd = serial
#     goto endif13
#   else12:
#     %17 = cpu.odd
#     %18 = serial + %17
#     serial = %18
#     cpu.even = serial
#   endif13:
#     at = start & 31
#     %19 = u32(serial)
#     cpu.data[at] = %19
#     %20 = at + 1
#     check %20 < 32, or IndexError
#     %21 = serial >> 32
#     %22 = u32(%21)
#     cpu.data[at + 1] = %22
#     %23 = start + 2
#     %24 = %23 << 4
#     cpu.head = %24
#     return
#
# x86_64, lanes by cpu_id: 56 instructions and 6 cold
# registers: status %r9, temporary %rax, temporary %r10, temporary %r11, temporary %r12, area %rdi, base %rsi, stride %rdx, lanes %rcx, size %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
104:                                         # cpu.data: index out of range
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
    movq %rax, %r10                          # %1 = head >> 4
    shrq $4, %r10                            # %1 = head >> 4
    andq $31, %r10                           # here = %1 & 31
    movq %r10, %r11                          # %5 = here & 15
    andq $15, %r11                           # %5 = here & 15
    addq %r8, %r11                           # %6 = %5 + size
    cmpq $16, %r11                           # if %6 >= 16 goto else2
    jae 101f                                 # if %6 >= 16 goto else2
    movq %rax, %r11                          # %8 = head & 15
    andq $15, %r11                           # %8 = head & 15
    cmpq $15, %r11                           # if %8 != 15 goto end
    jne 3f                                   # if %8 != 15 goto end
101:
    movl $4294967295, 204(%r9, %r10, 4)      # cpu.data[here] = 4294967295
    movq %rax, %r11                          # %9 = head >> 4
    shrq $4, %r11                            # %9 = head >> 4
    movq %r11, %r10                          # %10 = %9 | 15
    orq $15, %r10                            # %10 = %9 | 15
    leaq 1(%r10), %r11                       # start = %10 + 1
    movq %rax, %r10                          # serial = head & 15
    andq $15, %r10                           # serial = head & 15
    movq %r11, %rax                          # %14 = start & 16
    andq $16, %rax                           # %14 = start & 16
    testq %rax, %rax                         # if %14 == 0 goto else12
    je 102f                                  # if %14 == 0 goto else12
    movq 16(%r9), %rax                       # %15 = cpu.even
    leaq (%r10, %rax), %r12                  # %16 = serial + %15
    movq %r12, %r10                          # serial = %16
    movq %r10, 24(%r9)                       # cpu.odd = serial
    jmp 103f                                 # goto endif13
102:
    movq 24(%r9), %rax                       # %17 = cpu.odd
    leaq (%r10, %rax), %r12                  # %18 = serial + %17
    movq %r12, %r10                          # serial = %18
    movq %r10, 16(%r9)                       # cpu.even = serial
103:
    movq %r11, %rax                          # at = start & 31
    andq $31, %rax                           # at = start & 31
    movl %r10d, %r12d                        # %19 = u32(serial)
    movl %r12d, 204(%r9, %rax, 4)            # cpu.data[at] = %19
    leaq 1(%rax), %r12                       # %20 = at + 1
    cmpq $32, %r12                           # check %20 < 32, or IndexError
    jae 104b                                 # check %20 < 32, or IndexError
    movq %r10, %r12                          # %21 = serial >> 32
    shrq $32, %r12                           # %21 = serial >> 32
    movl %r12d, %r10d                        # %22 = u32(%21)
    movl %r10d, 208(%r9, %rax, 4)            # cpu.data[at + 1] = %22
    leaq 2(%r11), %r12                       # %23 = start + 2
    movq %r12, %rax                          # %24 = %23 << 4
    shlq $4, %rax                            # %24 = %23 << 4
    movq %rax, (%r9)                         # cpu.head = %24    # commit
3:
# bytes: 209 in the section, 312 in all
