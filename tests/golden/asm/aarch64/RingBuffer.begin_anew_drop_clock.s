// begin_anew(cpu: Ring, size: u64) -> bool:
//     head = cpu.head
//     at = head & 15
//     %1 = head | 15
//     start = %1 + 1
//     if size > 16 goto decided4
//     %7 = at + size
//     if %7 <= 16 goto decided4
//     %9 = start + size
//     %10 = cpu.tail    # acquire
//     %11 = %9 - %10
//     if %11 <= 16 goto else2
//   decided4:
//     return False
//   else2:
//     cpu.data[at] = 4294967295
//     cpu.head = start
//     return True
//
// aarch64, lanes by cpu_id: 27 instructions and 6 cold
// registers: status x5, result x6, temporary x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, size x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
102:                                         // %result = False
    movz x6, #0                              // %result = False
    b 3f                                     // %result = False
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
    ldr x7, [x5]                             // head = cpu.head
    and x6, x7, #15                          // at = head & 15
    orr x7, x7, #15                          // %1 = head | 15
    add x7, x7, #1                           // start = %1 + 1
    cmp x4, #16                              // if size > 16 goto decided4
    b.hi 101b                                // if size > 16 goto decided4
    add x8, x6, x4                           // %7 = at + size
    cmp x8, #16                              // if %7 <= 16 goto decided4
    b.ls 101b                                // if %7 <= 16 goto decided4
    add x8, x7, x4                           // %9 = start + size
    ldr x9, [x5, #80]                        // %10 = cpu.tail    # acquire
    dmb ishld                                // %10 = cpu.tail    # acquire
    sub x8, x8, x9                           // %11 = %9 - %10
    cmp x8, #16                              // if %11 > 16 goto exit0
    b.hi 102b                                // if %11 > 16 goto exit0
    mov x8, #4294967295                      // %constant1 = 4294967295
    add x9, x5, x6, lsl #2                   // cpu.data[at] = %constant1
    str w8, [x9, #156]                       // cpu.data[at] = %constant1
    mov x6, #1                               // %result = True
    stlr x7, [x5]                            // cpu.head = start    # commit
3:
// bytes: 96 in the section, 184 in all
