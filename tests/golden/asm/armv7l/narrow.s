@ narrow(cpu: Numbers, x: f32) -> i32:
@     %1 = cpu.single
@     %2 = %1 + x
@     cpu.single = %2
@     %3 = i32(x)
@     return %3
@
@ armv7l, lanes by cpu_id: 13 instructions and 4 cold
@ registers: status r4, result r5, temporary s1, temporary s2, area r0, base r1, stride r2, lanes r3, x s0

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
    vldr s1, [r4, #24]                       @ %1 = cpu.single
    vadd.f32 s1, s1, s0                      @ %2 = %1 + x
    vcvt.s32.f32 s2, s0                      @ %result = i32(x)
    vmov r5, s2                              @ %result = i32(x)
    vstr s1, [r4, #24]                       @ cpu.single = %2    # commit
3:
@ bytes: 36 in the section, 120 in all
