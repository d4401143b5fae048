@ add(cpu: Cell, n: u32):
@     cpu.value += n
@     return
@
@ armv7l, lanes by cpu_id: 11 instructions and 4 cold
@ registers: status r5, temporary r7, area r0, base r1, stride r2, lanes r3, n r4

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
    ldr r7, [r5]                             @ cpu.value += n    # commit
    add r7, r7, r4                           @ cpu.value += n    # commit
    str r7, [r5]                             @ cpu.value += n    # commit
3:
@ bytes: 28 in the section, 120 in all
