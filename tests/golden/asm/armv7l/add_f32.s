@ add(cpu: Cell, n: f32):
@     %1 = cpu.value
@     %2 = %1 + n
@     cpu.value = %2
@     return
@
@ armv7l, lanes by cpu_id: 11 instructions and 4 cold
@ registers: status r4, temporary s1, area r0, base r1, stride r2, lanes r3, n s0

    .subsection 1
9:                                           @ this CPU has no lane, or this thread is not registered
    mvn r4, #0                               @ this CPU has no lane, or this thread is not registered
    b 3f                                     @ this CPU has no lane, or this thread is not registered
    .inst 0xe7f5def3                         @ abort
4:                                           @ abort
    mvn r4, #1                               @ abort
    b 3f                                     @ abort
    .balign 32                               @ struct rseq_cs
77:
    .long 0, 0                               @ struct rseq_cs
    .long 2f, 0, 3f - 2f, 0, 4b, 0           @ struct rseq_cs
    .previous
1:                                           @ restart
    movw r4, #:lower16:(77b - (101f + 8))    @ restart
    movt r4, #:upper16:(77b - (101f + 8))    @ restart
101:
    add r4, pc, r4                           @ restart
    str r4, [r0, #8]                         @ restart
2:                                           @ restart
    ldr r4, [r0, #4]                         @ this CPU's lane
    cmp r4, r3                               @ this CPU's lane
    bhs 9b                                   @ this CPU's lane
    mla r4, r4, r2, r1                       @ this CPU's lane
    vldr s1, [r4]                            @ %1 = cpu.value
    vadd.f32 s1, s1, s0                      @ %2 = %1 + n
    vstr s1, [r4]                            @ cpu.value = %2    # commit
3:
@ bytes: 28 in the section, 120 in all
