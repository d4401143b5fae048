# compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
#     if x < y goto else1
#     if x == y goto else1
#     %5 = False
#     if x == y goto decided7
#     if x >= y goto holds10
#     goto known6
#   holds10:
#   decided7:
#     %5 = True
#   known6:
#     cpu.is_set = %5
#   else1:
#     %11 = False
#     if x > y goto holds14
#     goto known12
#   holds14:
#     %11 = True
#   known12:
#     return %11
#
# x86_64, lanes by cpu_id: 32 instructions and 4 cold
# registers: status %r8, result %r9, temporary %rax, area %rdi, base %rsi, stride %rdx, lanes %rcx, x %xmm0, y %xmm1

    .subsection 1
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
    ucomisd %xmm0, %xmm1                     # if x < y goto else1
    ja 101f                                  # if x < y goto else1
    ucomisd %xmm0, %xmm1                     # if x == y goto else1
    jp 102f                                  # if x == y goto else1
    je 101f                                  # if x == y goto else1
102:
    xorl %eax, %eax                          # %5 = False
    ucomisd %xmm0, %xmm1                     # if x == y goto decided7
    jp 104f                                  # if x == y goto decided7
    je 103f                                  # if x == y goto decided7
104:
    ucomisd %xmm1, %xmm0                     # if x >= y goto holds10
    jae 105f                                 # if x >= y goto holds10
    jmp 106f                                 # goto known6
105:
103:
    movl $1, %eax                            # %5 = True
106:
    xorl %r9d, %r9d                          # %11 = False
    ucomisd %xmm1, %xmm0                     # if x > y goto holds14.10
    ja 107f                                  # if x > y goto holds14.10
    jmp 108f                                 # goto known12.10
107:
    movl $1, %r9d                            # %11 = True
108:
    jmp 109f                                 # goto commit
101:
    xorl %r9d, %r9d                          # %11 = False
    ucomisd %xmm1, %xmm0                     # if x > y goto holds14
    ja 110f                                  # if x > y goto holds14
    jmp 111f                                 # goto known12
110:
    movl $1, %r9d                            # %11 = True
111:
    jmp 3f                                   # goto end
109:
    movb %al, 36(%rsi, %r8)                  # cpu.is_set = %5    # commit
3:
# bytes: 94 in the section, 184 in all
