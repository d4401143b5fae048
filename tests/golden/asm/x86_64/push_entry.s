# push_entry(cpu: List, entry: index[Entry], value: i64, Entry.rows: u64, Entry.length: u64):
#     %1 = entry - 1
#     check %1 < Entry.length, or IndexError
#     %2 = u64(%1)
#     %3 = %2 << 4
#     %4 = address of the row entry
#     %5 = cpu.first
#     entry.next = %5
#     entry.value = value
#     cpu.first = entry
#     return
#
# x86_64, lanes by cpu_id: 16 instructions and 6 cold
# registers: status %r11, temporary %r12, temporary %r13, area %rdi, base %rsi, stride %rdx, lanes %rcx, entry %r8, value %r9, Entry.rows %rax, Entry.length %r10

    .subsection 1
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r11                           # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
101:                                         # Entry: index out of range
    movq $-16, %r11                          # Entry: index out of range
    jmp 3f                                   # Entry: index out of range
    .byte 0x0f, 0xb9, 0x3d                   # abort
    .long 0x53053053                         # abort
4:                                           # abort
    movq $-2, %r11                           # abort
    jmp 3f                                   # abort
    .balign 32                               # struct rseq_cs
77:
    .long 0, 0                               # struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    # struct rseq_cs
    .previous
1:                                           # restart
    leaq 77b(%rip), %r11                     # restart
    movq %r11, %fs:8(%rdi)                   # restart
2:                                           # restart
    movl %fs:4(%rdi), %r11d                  # this CPU's lane
    cmpl %ecx, %r11d                         # this CPU's lane
    jae 9b                                   # this CPU's lane
    imulq %rdx, %r11                         # this CPU's lane
    leaq -1(%r8), %r12                       # %1 = entry - 1
    movl %r12d, %r12d                        # %1 = entry - 1
    cmpq %r10, %r12                          # check %1 < Entry.length, or IndexError
    jae 101b                                 # check %1 < Entry.length, or IndexError
    shlq $4, %r12                            # %3 = %2 << 4
    leaq (%rax, %r12, 1), %r12               # %4 = address of the row entry
    movl (%rsi, %r11), %r13d                 # %5 = cpu.first
    movl %r13d, (%r12)                       # entry.next = %5
    movq %r9, 8(%r12)                        # entry.value = value
    movl %r8d, (%rsi, %r11)                  # cpu.first = entry    # commit
3:
# bytes: 51 in the section, 152 in all
