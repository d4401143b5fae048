// count_log_linear(cpu: LogLinearBuckets, bits: i64):
//     at = 0
//     %4 = cpu.lowest
//     if bits <= %4 goto else1
//     %5 = bits - 1
//     %6 = cpu.shift
//     %7 = %5 >> %6
//     %8 = cpu.before
//     %9 = %7 - %8
//     at = %9
//     %13 = cpu.last
//     if at <= %13 goto else10
//     %14 = cpu.last
//     at = %14
//   else10:
//   else1:
//     check at < 4, or IndexError
//     cpu.counts[at] += 1
//     return
//
// aarch64, lanes by cpu_id: 26 instructions and 6 cold
// registers: status x5, temporary x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, bits x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
103:                                         // cpu.counts: index out of range
    mov x5, #-16                             // cpu.counts: index out of range
    b 3f                                     // cpu.counts: index out of range
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x5, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x5, 77b                             // restart
    add x5, x5, :lo12:77b                    // restart
    str x5, [x0, #8]                         // restart
2:                                           // restart
    ldr w5, [x0, #4]                         // this CPU's lane
    cmp w5, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x5, x5, x2, x1                      // this CPU's lane
    movz x6, #0                              // at = 0
    ldr x7, [x5, #16]                        // %4 = cpu.lowest
    cmp x4, x7                               // if bits <= %4 goto else1
    b.le 101f                                // if bits <= %4 goto else1
    sub x6, x4, #1                           // %5 = bits - 1
    ldr x7, [x5, #24]                        // %6 = cpu.shift
    asr x6, x6, x7                           // %7 = %5 >> %6
    ldr x7, [x5, #32]                        // %8 = cpu.before
    sub x6, x6, x7                           // at = %7 - %8
    ldr x7, [x5, #40]                        // %13 = cpu.last
    cmp x6, x7                               // if at <= %13 goto else10
    b.le 102f                                // if at <= %13 goto else10
    ldr x6, [x5, #40]                        // at = cpu.last
102:
101:
    cmp x6, #4                               // check at < 4, or IndexError
    b.hs 103b                                // check at < 4, or IndexError
    add x8, x5, x6, lsl #3                   // cpu.counts[at] += 1    # commit
    ldr x7, [x8, #48]                        // cpu.counts[at] += 1    # commit
    add x7, x7, #1                           // cpu.counts[at] += 1    # commit
    str x7, [x8, #48]                        // cpu.counts[at] += 1    # commit
3:
// bytes: 92 in the section, 184 in all
