// mean(cpu: Numbers, x: f64, weight: f64) -> f64:
//     %1 = cpu.sum
//     %2 = 1.0 - weight
//     %3 = %1 * %2
//     %4 = x * weight
//     average = %3 + %4
//     cpu.sum = average
//     %5 = average / 2.0
//     return %5
//
// aarch64, lanes by cpu_id: 16 instructions and 4 cold
// registers: status x4, result v2, temporary v3, temporary v4, area x0, base x1, stride x2, lanes x3, x v0, weight v1

    .subsection 1
    .balign 8                                // %constant1 = 1.0
101:                                         // %constant1 = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          // %constant1 = 1.0
    .balign 8                                // %constant2 = 2.0
102:                                         // %constant2 = 2.0
    .byte 0, 0, 0, 0, 0, 0, 0, 64            // %constant2 = 2.0
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x4, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x4, 77b                             // restart
    add x4, x4, :lo12:77b                    // restart
    str x4, [x0, #8]                         // restart
2:                                           // restart
    ldr w4, [x0, #4]                         // this CPU's lane
    cmp w4, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x4, x4, x2, x1                      // this CPU's lane
    ldr d3, [x4, #16]                        // %1 = cpu.sum
    ldr d2, 101b                             // %constant1 = 1.0
    fsub d2, d2, d1                          // %2 = %constant1 - weight
    fmul d3, d3, d2                          // %3 = %1 * %2
    fmul d2, d0, d1                          // %4 = x * weight
    fadd d3, d3, d2                          // average = %3 + %4
    ldr d4, 102b                             // %constant2 = 2.0
    fdiv d2, d3, d4                          // %result = average / %constant2
    str d3, [x4, #16]                        // cpu.sum = average    # commit
3:
// bytes: 52 in the section, 152 in all
