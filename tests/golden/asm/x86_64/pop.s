# pop(cpu: Items, missing: i64) -> i64:
#     n = cpu.count
#     if n != 0 goto else1
#     return missing
#   else1:
#     %4 = n - 1
#     check %4 < 64, or IndexError
#     value = cpu.slots[n - 1]
#     %5 = n - 1
#     cpu.count = %5
#     return value
#
# x86_64, lanes by cpu_id: 18 instructions and 6 cold
# registers: status %r9, result %rax, temporary %r10, temporary %r11, area %rdi, base %rsi, stride %rdx, lanes %rcx, missing %r8

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r9                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    movq (%r9), %r10                         # n = cpu.count
    testq %r10, %r10                         # if n != 0 goto else1
    jne 101f                                 # if n != 0 goto else1
    movq %r8, %rax                           # %result = missing
    jmp 3f                                   # goto end
101:
    leaq -1(%r10), %r11                      # %4 = n - 1
    cmpq $64, %r11                           # check %4 < 64, or IndexError
    jae 102b                                 # check %4 < 64, or IndexError
    movq 8(%r9, %r11, 8), %rax               # value = cpu.slots[n - 1]
    subq $1, %r10                            # %5 = n - 1
    movq %r10, (%r9)                         # cpu.count = %5    # commit
3:
# bytes: 52 in the section, 152 in all
