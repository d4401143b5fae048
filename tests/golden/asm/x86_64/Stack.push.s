# push(cpu: Slots, value: u64) -> bool:
#     n = cpu.count
#     %4 = cpu.limit
#     if n < %4 goto else1
#     return False
#   else1:
#     check n < 4, or IndexError
#     cpu.slots[n] = value
#     %5 = n + 1
#     cpu.count = %5
#     return True
#
# x86_64, lanes by cpu_id: 17 instructions and 8 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, value %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %eax, %eax                          # %result = False
    jmp 3f                                   # %result = False
102:                                         # cpu.slots: index out of range
    movq $-16, %r9                           # cpu.slots: index out of range
    jmp 3f                                   # cpu.slots: index out of range
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
    movq 8(%r9), %r10                        # n = cpu.count
    movq (%r9), %rax                         # %4 = cpu.limit
    cmpq %rax, %r10                          # if n >= %4 goto exit0
    jae 101b                                 # if n >= %4 goto exit0
    cmpq $4, %r10                            # check n < 4, or IndexError
    jae 102b                                 # check n < 4, or IndexError
    movq %r8, 16(%r9, %r10, 8)               # cpu.slots[n] = value
    addq $1, %r10                            # %5 = n + 1
    movl $1, %eax                            # %result = True
    movq %r10, 8(%r9)                        # cpu.count = %5    # commit
3:
# bytes: 53 in the section, 152 in all
