# write(cpu: Ring, value: u32) -> bool:
#     written = cpu.written
#     %4 = cpu.read
#     %5 = written - %4
#     if %5 != 256 goto else1
#     return False
#   else1:
#     %6 = written % 256
#     check %6 < 256, or IndexError
#     cpu.data[written % 256] = value
#     %7 = written + 1
#     cpu.written = %7
#     return True
#
# x86_64, lanes by cpu_id: 21 instructions and 8 cold
# registers: status %r9, result %rax, temporary %r10, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %rcx, value %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %eax, %eax                          # %result = False
    jmp 3f                                   # %result = False
102:                                         # cpu.data: index out of range
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
    movq (%r9), %r10                         # written = cpu.written
    movq 8(%r9), %rax                        # %4 = cpu.read
    movq %r10, %r11                          # %5 = written - %4
    subq %rax, %r11                          # %5 = written - %4
    cmpq $256, %r11                          # if %5 == 256 goto exit0
    je 101b                                  # if %5 == 256 goto exit0
    movq %r10, %rax                          # %6 = written & 255
    andq $255, %rax                          # %6 = written & 255
    cmpq $256, %rax                          # check %6 < 256, or IndexError
    jae 102b                                 # check %6 < 256, or IndexError
    movl %r8d, 24(%r9, %rax, 4)              # cpu.data[written % 256] = value
    addq $1, %r10                            # %7 = written + 1
    movl $1, %eax                            # %result = True
    movq %r10, (%r9)                         # cpu.written = %7    # commit
3:
# bytes: 73 in the section, 184 in all
