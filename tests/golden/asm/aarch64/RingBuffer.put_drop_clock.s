// put(cpu: Ring, data: bytes, len(data): u64) -> bool:
//     %1 = len(data) + 15
//     size = %1 >> 2
//     head = cpu.head
//     at = head & 15
//     end = head + size
//     %6 = at + size
//     if %6 > 16 goto decided4
//     %8 = cpu.tail    # acquire
//     %9 = end - %8
//     if %9 <= 16 goto else2
//   decided4:
//     return False
//   else2:
//     %11 = u32(len(data))
//     cpu.data[at] = %11
//     fill.1.now = clock()
//     %14 = at + 1
//     check %14 < 16, or IndexError
//     %15 = u32(fill.1.now)
//     cpu.data[at + 1] = %15
//     %16 = at + 2
//     check %16 < 16, or IndexError
//     %17 = fill.1.now >> 32
//     %18 = u32(%17)
//     cpu.data[at + 2] = %18
//     %19 = at + 3
//     check %19 < 17, or IndexError
//     %20 = %19 * 4
//     %21 = 64 - %20
//     check len(data) <= %21, or IndexError
//     copy len(data) bytes, data to cpu.data[at + header]
//     cpu.head = end
//     return True
//
// aarch64, lanes by cpu_id: 74 instructions and 14 cold
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary x12, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
102:                                         // %result = False
    movz x7, #0                              // %result = False
    b 3f                                     // %result = False
103:                                         // cpu.data: index out of range
    mov x6, #-16                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
104:                                         // cpu.data: index out of range
    mov x6, #-17                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
105:                                         // cpu.data: index out of range
    mov x6, #-18                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
106:                                         // cpu.data[at + header]: index out of range
    mov x6, #-19                             // cpu.data[at + header]: index out of range
    b 3f                                     // cpu.data[at + header]: index out of range
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
    add x7, x5, #15                          // %1 = len(data) + 15
    lsr x7, x7, #2                           // size = %1 >> 2
    ldr x8, [x6]                             // head = cpu.head
    and x9, x8, #15                          // at = head & 15
    add x8, x8, x7                           // end = head + size
    add x10, x9, x7                          // %6 = at + size
    cmp x10, #16                             // if %6 > 16 goto decided4
    b.hi 101b                                // if %6 > 16 goto decided4
    ldr x7, [x6, #80]                        // %8 = cpu.tail    # acquire
    dmb ishld                                // %8 = cpu.tail    # acquire
    sub x10, x8, x7                          // %9 = end - %8
    cmp x10, #16                             // if %9 > 16 goto exit0
    b.hi 102b                                // if %9 > 16 goto exit0
    mov w7, w5                               // %11 = u32(len(data))
    add x10, x6, x9, lsl #2                  // cpu.data[at] = %11
    str w7, [x10, #156]                      // cpu.data[at] = %11
    mrs x7, cntvct_el0                       // fill.1.now = clock()
    add x10, x9, #1                          // %14 = at + 1
    cmp x10, #16                             // check %14 < 16, or IndexError
    b.hs 103b                                // check %14 < 16, or IndexError
    mov w10, w7                              // %15 = u32(fill.1.now)
    add x11, x6, x9, lsl #2                  // cpu.data[at + 1] = %15
    str w10, [x11, #160]                     // cpu.data[at + 1] = %15
    add x10, x9, #2                          // %16 = at + 2
    cmp x10, #16                             // check %16 < 16, or IndexError
    b.hs 104b                                // check %16 < 16, or IndexError
    lsr x7, x7, #32                          // %17 = fill.1.now >> 32
    mov w7, w7                               // %18 = u32(%17)
    add x11, x6, x10, lsl #2                 // cpu.data[at + 2] = %18
    str w7, [x11, #156]                      // cpu.data[at + 2] = %18
    add x9, x9, #3                           // %19 = at + 3
    cmp x9, #17                              // check %19 < 17, or IndexError
    b.hs 105b                                // check %19 < 17, or IndexError
    mov x7, #4                               // %constant1 = 4
    mul x10, x9, x7                          // %20 = %19 * %constant1
    mov x7, #64                              // %constant2 = 64
    sub x7, x7, x10                          // %21 = %constant2 - %20
    cmp x5, x7                               // check len(data) <= %21, or IndexError
    b.hi 106b                                // check len(data) <= %21, or IndexError
    add x7, x6, #156                         // copy len(data) bytes, data to cpu.data[at + header]
    add x7, x7, x9, lsl #2                   // copy len(data) bytes, data to cpu.data[at + header]
    add x10, x4, #0                          // copy len(data) bytes, data to cpu.data[at + header]
    mov x12, x5                              // copy len(data) bytes, data to cpu.data[at + header]
    b 108f                                   // copy len(data) bytes, data to cpu.data[at + header]
107:
    sub x12, x12, #16                        // copy len(data) bytes, data to cpu.data[at + header]
    ldr q0, [x10, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
    str q0, [x7, x12]                        // copy len(data) bytes, data to cpu.data[at + header]
108:
    cmp x12, #16                             // copy len(data) bytes, data to cpu.data[at + header]
    b.hs 107b                                // copy len(data) bytes, data to cpu.data[at + header]
    tbz x12, #3, 109f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #8                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr x11, [x10, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
    str x11, [x7, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
109:
    tbz x12, #2, 110f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #4                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr w11, [x10, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
    str w11, [x7, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
110:
    tbz x12, #1, 111f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #2                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrh w11, [x10, x12]                     // copy len(data) bytes, data to cpu.data[at + header]
    strh w11, [x7, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
111:
    tbz x12, #0, 112f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #1                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrb w11, [x10, x12]                     // copy len(data) bytes, data to cpu.data[at + header]
    strb w11, [x7, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
112:
    mov x7, #1                               // %result = True
    stlr x8, [x6]                            // cpu.head = end    # commit
3:
// bytes: 284 in the section, 408 in all
