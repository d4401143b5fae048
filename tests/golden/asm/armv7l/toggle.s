@ toggle(cpu: Numbers, bit: u32) -> bool:
@     flags = cpu.flags
@     mask = 1 << bit
@     %1 = flags ^ mask
@     cpu.flags = %1
@     %2 = False
@     %5 = flags & mask
@     if %5 == 0 goto known3
@     %2 = True
@   known3:
@     return %2
@
@ armv7l, lanes by cpu_id: 19 instructions and 4 cold
@ registers: status r5, result r7, temporary r8, temporary r9, temporary r10, area r0, base r1, stride r2, lanes r3, bit r4

    .subsection 1
9:                                           @ this CPU has no lane, or this thread is not registered
    mvn r5, #0                               @ this CPU has no lane, or this thread is not registered
    b 3f                                     @ this CPU has no lane, or this thread is not registered
    .inst 0xe7f5def3                         @ abort
4:                                           @ abort
    mvn r5, #1                               @ abort
    b 3f                                     @ abort
    .balign 32                               @ struct rseq_cs
77:
    .long 0, 0                               @ struct rseq_cs
    .long 2f, 0, 3f - 2f, 0, 4b, 0           @ struct rseq_cs
    .previous
1:                                           @ restart
    movw r5, #:lower16:(77b - (101f + 8))    @ restart
    movt r5, #:upper16:(77b - (101f + 8))    @ restart
101:
    add r5, pc, r5                           @ restart
    str r5, [r0, #8]                         @ restart
2:                                           @ restart
    ldr r5, [r0, #4]                         @ this CPU's lane
    cmp r5, r3                               @ this CPU's lane
    bhs 9b                                   @ this CPU's lane
    mla r5, r5, r2, r1                       @ this CPU's lane
    ldr r8, [r5, #28]                        @ flags = cpu.flags
    mov r9, #1                               @ %constant1 = 1
    and r7, r4, #31                          @ mask = %constant1 << bit
    lsl r9, r9, r7                           @ mask = %constant1 << bit
    eor r10, r8, r9                          @ %1 = flags ^ mask
    mov r7, #0                               @ %2 = False
    and r8, r8, r9                           @ %5 = flags & mask
    cmp r8, #0                               @ if %5 == 0 goto known3.3
    beq 102f                                 @ if %5 == 0 goto known3.3
    mov r7, #1                               @ %2 = True
102:
    str r10, [r5, #28]                       @ cpu.flags = %1    # commit
3:
@ bytes: 60 in the section, 152 in all
