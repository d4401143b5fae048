@ pop_node(cpu: Head) -> ptr[Node]:
@     first = cpu.first
@     if first != None goto else1
@     return None
@   else1:
@     %4 = first.next
@     cpu.first = %4
@     return first
@
@ armv7l, lanes by cpu_id: 13 instructions and 6 cold
@ registers: status r4, result r5, temporary r7, area r0, base r1, stride r2, lanes r3

    .subsection 1
9:                                           @ this CPU has no lane, or this thread is not registered
    mvn r4, #0                               @ this CPU has no lane, or this thread is not registered
    b 3f                                     @ this CPU has no lane, or this thread is not registered
102:                                         @ %result = None
    mov r5, #0                               @ %result = None
    b 3f                                     @ %result = None
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
    ldr r5, [r4]                             @ first = cpu.first
    cmp r5, #0                               @ if first == None goto exit0
    beq 102b                                 @ if first == None goto exit0
    ldr r7, [r5]                             @ %4 = first.next
    str r7, [r4]                             @ cpu.first = %4    # commit
3:
@ bytes: 36 in the section, 120 in all
