# pop_node(cpu: Head) -> ptr[Node]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first.next
#     cpu.first = %4
#     return first
#
# x86_64, lanes by cpu_id: 11 instructions and 6 cold
# registers: status %r8, result %r9, temporary %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r8                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    xorl %r9d, %r9d                          # %result = None
    jmp 3f                                   # %result = None
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r8                            # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r8                      # restart
    movq %r8, %fs:8(%rdi)                    # restart
2:                                           # restart
    movl %fs:4(%rdi), %r8d                   # this CPU's lane
    cmpl %ecx, %r8d                          # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r8                          # this CPU's lane
    movq (%rsi, %r8), %r9                    # first = cpu.first
    testq %r9, %r9                           # if first == None goto exit0
    je 101b                                  # if first == None goto exit0
    movq (%r9), %rax                         # %4 = first.next
    movq %rax, (%rsi, %r8)                   # cpu.first = %4    # commit
3:
# bytes: 30 in the section, 120 in all
