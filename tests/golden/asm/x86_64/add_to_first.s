# add_to_first(cpu: Head, n: i64) -> bool:
#     first = cpu.first
#     if first != None goto else1
#     return False
#   else1:
#     first.value += n
#     return True
#
# x86_64, lanes by cpu_id: 11 instructions and 6 cold
# registers: status %r9, result %rax, temporary %r10, area %rdi, base %rsi, stride %rdx, lanes %rcx, n %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = False
    xorl %eax, %eax                          # %result = False
    jmp 3f                                   # %result = False
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
    movq (%rsi, %r9), %r10                   # first = cpu.first
    testq %r10, %r10                         # if first == None goto exit0
    je 101b                                  # if first == None goto exit0
    movl $1, %eax                            # %result = True
    addq %r8, 8(%r10)                        # first.value += n    # commit
3:
# bytes: 32 in the section, 120 in all
