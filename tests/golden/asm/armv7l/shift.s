@ shift(cpu: Numbers, n: u16, count: u16):
@     %1 = n << count
@     cpu.medium = %1
@     return
@
@ armv7l, lanes by cpu_id: 12 instructions and 4 cold
@ registers: status r7, temporary r8, temporary r9, area r0, base r1, stride r2, lanes r3, n r4, count r5

    .subsection 1
9:                                           @ this CPU has no lane, or this thread is not registered
    mvn r7, #0                               @ this CPU has no lane, or this thread is not registered
    b 3f                                     @ this CPU has no lane, or this thread is not registered
    .inst 0xe7f5def3                         @ abort
4:                                           @ abort
    mvn r7, #1                               @ abort
    b 3f                                     @ abort
    .balign 32                               @ struct rseq_cs
77:
    .long 0, 0                               @ struct rseq_cs
    .long 2f, 0, 3f - 2f, 0, 4b, 0           @ struct rseq_cs
    .previous
1:                                           @ restart
    movw r7, #:lower16:(77b - (101f + 8))    @ restart
    movt r7, #:upper16:(77b - (101f + 8))    @ restart
101:
    add r7, pc, r7                           @ restart
    str r7, [r0, #8]                         @ restart
2:                                           @ restart
    ldr r7, [r0, #4]                         @ this CPU's lane
    cmp r7, r3                               @ this CPU's lane
    bhs 9b                                   @ this CPU's lane
    mla r7, r7, r2, r1                       @ this CPU's lane
    and r9, r5, #15                          @ %1 = n << count
    lsl r8, r4, r9                           @ %1 = n << count
    uxth r8, r8                              @ %1 = n << count
    strh r8, [r7, #34]                       @ cpu.medium = %1    # commit
3:
@ bytes: 32 in the section, 120 in all
