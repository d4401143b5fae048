# pop_entry(cpu: List, Entry.rows: u64, Entry.length: u64) -> index[Entry]:
#     first = cpu.first
#     if first != None goto else1
#     return None
#   else1:
#     %4 = first - 1
#     check %4 < Entry.length, or IndexError
#     %5 = u64(%4)
#     %6 = %5 << 4
#     %7 = address of the row first
#     %8 = first.next
#     cpu.first = %8
#     return first
#
# x86_64, lanes by cpu_id: 17 instructions and 8 cold
# registers: status %rax, result %r10, temporary %r11, temporary %r12, area %rdi, base %rsi, stride %rdx, lanes %rcx, Entry.rows %r8, Entry.length %r9

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %rax                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # %result = None
    xorl %r10d, %r10d                        # %result = None
    jmp 3f                                   # %result = None
102:                                         # Entry: index out of range
    movq $-16, %rax                          # Entry: index out of range
    jmp 3f                                   # Entry: index out of range
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
    movl (%rsi, %rax), %r10d                 # first = cpu.first
    testq %r10, %r10                         # if first == None goto exit0
    je 101b                                  # if first == None goto exit0
    leaq -1(%r10), %r11                      # %4 = first - 1
    movl %r11d, %r11d                        # %4 = first - 1
    cmpq %r9, %r11                           # check %4 < Entry.length, or IndexError
    jae 102b                                 # check %4 < Entry.length, or IndexError
    shlq $4, %r11                            # %6 = %5 << 4
    leaq (%r8, %r11, 1), %r11                # %7 = address of the row first
    movl (%r11), %r12d                       # %8 = first.next
    movl %r12d, (%rsi, %rax)                 # cpu.first = %8    # commit
3:
# bytes: 48 in the section, 152 in all
