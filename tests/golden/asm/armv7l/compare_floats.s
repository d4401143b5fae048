@ compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
@     if x < y goto else1
@     if x == y goto else1
@     %5 = False
@     if x == y goto decided7
@     if x >= y goto holds10
@     goto known6
@   holds10:
@   decided7:
@     %5 = True
@   known6:
@     cpu.is_set = %5
@   else1:
@     %11 = False
@     if x > y goto holds14
@     goto known12
@   holds14:
@     %11 = True
@   known12:
@     return %11
@
@ armv7l, lanes by cpu_id: 38 instructions and 4 cold
@ registers: status r4, result r5, temporary r7, area r0, base r1, stride r2, lanes r3, x d4, y d5

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
    vcmp.f64 d4, d5                          @ if x < y goto else1
    vmrs APSR_nzcv, fpscr                    @ if x < y goto else1
    bmi 102f                                 @ if x < y goto else1
    vcmp.f64 d4, d5                          @ if x == y goto else1
    vmrs APSR_nzcv, fpscr                    @ if x == y goto else1
    beq 102f                                 @ if x == y goto else1
    mov r7, #0                               @ %5 = False
    vcmp.f64 d4, d5                          @ if x == y goto decided7
    vmrs APSR_nzcv, fpscr                    @ if x == y goto decided7
    beq 103f                                 @ if x == y goto decided7
    vcmp.f64 d4, d5                          @ if x >= y goto holds10
    vmrs APSR_nzcv, fpscr                    @ if x >= y goto holds10
    bge 104f                                 @ if x >= y goto holds10
    b 105f                                   @ goto known6
104:
103:
    mov r7, #1                               @ %5 = True
105:
    mov r5, #0                               @ %11 = False
    vcmp.f64 d4, d5                          @ if x > y goto holds14.10
    vmrs APSR_nzcv, fpscr                    @ if x > y goto holds14.10
    bgt 106f                                 @ if x > y goto holds14.10
    b 107f                                   @ goto known12.10
106:
    mov r5, #1                               @ %11 = True
107:
    b 108f                                   @ goto commit
102:
    mov r5, #0                               @ %11 = False
    vcmp.f64 d4, d5                          @ if x > y goto holds14
    vmrs APSR_nzcv, fpscr                    @ if x > y goto holds14
    bgt 109f                                 @ if x > y goto holds14
    b 110f                                   @ goto known12
109:
    mov r5, #1                               @ %11 = True
110:
    b 3f                                     @ goto end
108:
    strb r7, [r4, #36]                       @ cpu.is_set = %5    # commit
3:
@ bytes: 136 in the section, 216 in all
