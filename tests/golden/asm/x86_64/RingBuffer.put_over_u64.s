# put(cpu: Rows, data: u64) -> bool:
#     head = cpu.head
#     goto else1
#   else1:
#     %5 = head & 3
#     %6 = clock()
#     cpu.stamps[head & last] = %6
#     %9 = head & 3
#     cpu.data[head & last] = data
#     %10 = head + 1
#     cpu.head = %10
#     return True
#
# x86_64, lanes by cpu_id: 21 instructions and 4 cold
# registers: status %r10, result %r11, temporary %rax, temporary %rdx, temporary %r12, temporary %r13, area %rdi, base %rsi, stride %rcx, lanes %r8, data %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r10                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r10                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r10                     # restart
    movq %r10, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %r10d                  # this CPU's lane
    cmpl %r8d, %r10d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rcx, %r10                         # this CPU's lane
    addq %rsi, %r10                          # this CPU's lane
    movq (%r10), %r12                        # head = cpu.head
    movq %r12, %r11                          # %5 = head & 3
    andq $3, %r11                            # %5 = head & 3
    rdtsc                                    # %6 = clock()
    shlq $32, %rdx                           # %6 = clock()
    orq %rdx, %rax                           # %6 = clock()
    movq %rax, %r13                          # %6 = clock()
    movq %r13, 216(%r10, %r11, 8)            # cpu.stamps[head & last] = %6
    movq %r12, %r11                          # %9 = head & 3
    andq $3, %r11                            # %9 = head & 3
    movq %r9, 184(%r10, %r11, 8)             # cpu.data[head & last] = data
    addq $1, %r12                            # %10 = head + 1
    movl $1, %r11d                           # %result = True
    movq %r12, (%r10)                        # cpu.head = %10    # commit
3:
# bytes: 75 in the section, 152 in all
