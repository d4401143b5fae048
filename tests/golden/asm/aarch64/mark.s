// mark(cpu: Chosen, Small.rows: u64, Small.length: u64) -> u8:
//     %1 = cpu.small
//     %2 = %1 - 1
//     check %2 < Small.length, or IndexError
//     %3 = u64(%2)
//     %4 = %3 * 3
//     %5 = address of the row cpu.small
//     low = cpu.small.low
//     %6 = cpu.small
//     %7 = %6 - 1
//     check %7 < Small.length, or IndexError
//     %8 = u64(%7)
//     %9 = %8 * 3
//     %10 = address of the row cpu.small
//     cpu.small.marked = True
//     return low
//
// aarch64, lanes by cpu_id: 24 instructions and 8 cold
// registers: status x6, result x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, Small.rows x4, Small.length x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // Small: index out of range
    mov x6, #-16                             // Small: index out of range
    b 3f                                     // Small: index out of range
102:                                         // Small: index out of range
    mov x6, #-17                             // Small: index out of range
    b 3f                                     // Small: index out of range
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x6, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x6, 77b                             // restart
    add x6, x6, :lo12:77b                    // restart
    str x6, [x0, #8]                         // restart
2:                                           // restart
    ldr w6, [x0, #4]                         // this CPU's lane
    cmp w6, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x6, x6, x2, x1                      // this CPU's lane
    ldr w8, [x6]                             // %1 = cpu.small
    sub w8, w8, #1                           // %2 = %1 - 1
    cmp x8, x5                               // check %2 < Small.length, or IndexError
    b.hs 101b                                // check %2 < Small.length, or IndexError
    mov x7, #3                               // %constant1 = 3
    mul x8, x8, x7                           // %4 = %3 * %constant1
    add x8, x4, x8                           // %5 = address of the row cpu.small
    ldrb w7, [x8]                            // low = cpu.small.low
    ldr w8, [x6]                             // %6 = cpu.small
    sub w8, w8, #1                           // %7 = %6 - 1
    cmp x8, x5                               // check %7 < Small.length, or IndexError
    b.hs 102b                                // check %7 < Small.length, or IndexError
    mov x9, #3                               // %constant2 = 3
    mul x8, x8, x9                           // %9 = %8 * %constant2
    add x8, x4, x8                           // %10 = address of the row cpu.small
    mov x9, #1                               // %constant3 = True
    strb w9, [x8, #2]                        // cpu.small.marked = %constant3    # commit
3:
// bytes: 84 in the section, 184 in all
