# update_min(cpu: Extreme, x: f64):
#     %4 = cpu.value
#     if x < %4 goto holds5
#     goto else1
#   holds5:
#     cpu.value = x
#     goto endif2
#   else1:
#     if x != inf goto else6
#     cpu.touched = 1.0
#   else6:
#   endif2:
#     return
#
# x86_64, lanes by cpu_id: 22 instructions and 4 cold
# registers: status %r8, temporary %xmm1, temporary %r9, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0

    .subsection 1
    .balign 8                                # %constant1 = inf
104:                                         # %constant1 = inf
    .byte 0, 0, 0, 0, 0, 0, 240, 127         # %constant1 = inf
    .balign 8                                # %commit = 1.0
106:                                         # %commit = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          # %commit = 1.0
9:                                           # this CPU has no lane, or this thread is not registered
    movq $-1, %r8                            # this CPU has no lane, or this thread is not registered
    jmp 3f                                   # this CPU has no lane, or this thread is not registered
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
    movsd (%rsi, %r8), %xmm1                 # %4 = cpu.value
    ucomisd %xmm0, %xmm1                     # if x < %4 goto holds5
    ja 101f                                  # if x < %4 goto holds5
    jmp 102f                                 # goto else1
101:
    leaq (%rsi, %r8), %r9                    # %commit.at = address of cpu.value
    movaps %xmm0, %xmm1                      # %commit = x
    jmp 103f                                 # goto commit
102:
    movsd 104b(%rip), %xmm1                  # %constant1 = inf
    ucomisd %xmm0, %xmm1                     # if x != %constant1 goto else6
    jp 105f                                  # if x != %constant1 goto else6
    jne 105f                                 # if x != %constant1 goto else6
    leaq 8(%rsi, %r8), %r9                   # %commit.at = address of cpu.touched
    movsd 106b(%rip), %xmm1                  # %commit = 1.0
    jmp 103f                                 # goto commit
105:
    jmp 3f                                   # goto end
103:
    movsd %xmm1, (%r9)                       # cpu.value or cpu.touched = %commit    # commit
3:
# bytes: 75 in the section, 184 in all
