// count(cpu: SortedBuckets, x: f64):
//     at = 0
//     %5 = at + 1
//     check %5 < 4, or IndexError
//     %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
//     if %6 < x goto holds7
//     goto else2
//   holds7:
//     %8 = at + 2
//     at = %8
//   else2:
//     %12 = at + 0
//     check %12 < 4, or IndexError
//     %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
//     if %13 < x goto holds14
//     goto else9
//   holds14:
//     %15 = at + 1
//     at = %15
//   else9:
//     check at < 4, or IndexError
//     cpu.counts[at] += 1
//     return
//
// aarch64, lanes by cpu_id: 32 instructions and 10 cold
// registers: status x4, temporary x5, temporary x6, temporary v1, temporary x7, area x0, base x1, stride x2, lanes x3, x v0

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // cpu.bounds: index out of range
    mov x4, #-16                             // cpu.bounds: index out of range
    b 3f                                     // cpu.bounds: index out of range
104:                                         // cpu.bounds: index out of range
    mov x4, #-17                             // cpu.bounds: index out of range
    b 3f                                     // cpu.bounds: index out of range
107:                                         // cpu.counts: index out of range
    mov x4, #-18                             // cpu.counts: index out of range
    b 3f                                     // cpu.counts: index out of range
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
    movz x5, #0                              // at = 0
    add x6, x5, #1                           // %5 = at + 1
    cmp x6, #4                               // check %5 < 4, or IndexError
    b.hs 101b                                // check %5 < 4, or IndexError
    add x7, x4, x6, lsl #3                   // %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ldr d1, [x7, #16]                        // %6 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmp d1, d0                              // if %6 < x goto holds7
    b.mi 102f                                // if %6 < x goto holds7
    b 103f                                   // goto else2
102:
    add x5, x5, #2                           // %8 = at + 2
103:
    add x6, x5, #0                           // %12 = at + 0
    cmp x6, #4                               // check %12 < 4, or IndexError
    b.hs 104b                                // check %12 < 4, or IndexError
    add x7, x4, x6, lsl #3                   // %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    ldr d1, [x7, #16]                        // %13 = cpu.bounds[at + ((length >> step + 1) - 1)]
    fcmp d1, d0                              // if %13 < x goto holds14
    b.mi 105f                                // if %13 < x goto holds14
    b 106f                                   // goto else9
105:
    add x5, x5, #1                           // %15 = at + 1
106:
    cmp x5, #4                               // check at < 4, or IndexError
    b.hs 107b                                // check at < 4, or IndexError
    add x7, x4, x5, lsl #3                   // cpu.counts[at] += 1    # commit
    ldr x6, [x7, #48]                        // cpu.counts[at] += 1    # commit
    add x6, x6, #1                           // cpu.counts[at] += 1    # commit
    str x6, [x7, #48]                        // cpu.counts[at] += 1    # commit
3:
// bytes: 116 in the section, 216 in all
