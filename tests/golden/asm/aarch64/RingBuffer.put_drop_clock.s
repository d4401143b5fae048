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
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary x12, temporary x13, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

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
    add x8, x5, #15                          // %1 = len(data) + 15
    lsr x8, x8, #2                           // size = %1 >> 2
    ldr x9, [x6]                             // head = cpu.head
    and x10, x9, #15                         // at = head & 15
    add x9, x9, x8                           // end = head + size
    add x11, x10, x8                         // %6 = at + size
    cmp x11, #16                             // if %6 > 16 goto decided4
    b.hi 101b                                // if %6 > 16 goto decided4
    ldr x8, [x6, #80]                        // %8 = cpu.tail    # acquire
    dmb ishld                                // %8 = cpu.tail    # acquire
    sub x11, x9, x8                          // %9 = end - %8
    cmp x11, #16                             // if %9 > 16 goto exit0
    b.hi 102b                                // if %9 > 16 goto exit0
    mov w8, w5                               // %11 = u32(len(data))
    add x11, x6, x10, lsl #2                 // cpu.data[at] = %11
    str w8, [x11, #156]                      // cpu.data[at] = %11
    mrs x11, cntvct_el0                      // fill.1.now = clock()
    add x8, x10, #1                          // %14 = at + 1
    cmp x8, #16                              // check %14 < 16, or IndexError
    b.hs 103b                                // check %14 < 16, or IndexError
    mov w8, w11                              // %15 = u32(fill.1.now)
    add x12, x6, x10, lsl #2                 // cpu.data[at + 1] = %15
    str w8, [x12, #160]                      // cpu.data[at + 1] = %15
    add x12, x10, #2                         // %16 = at + 2
    cmp x12, #16                             // check %16 < 16, or IndexError
    b.hs 104b                                // check %16 < 16, or IndexError
    lsr x8, x11, #32                         // %17 = fill.1.now >> 32
    mov w11, w8                              // %18 = u32(%17)
    add x8, x6, x12, lsl #2                  // cpu.data[at + 2] = %18
    str w11, [x8, #156]                      // cpu.data[at + 2] = %18
    add x8, x10, #3                          // %19 = at + 3
    cmp x8, #17                              // check %19 < 17, or IndexError
    b.hs 105b                                // check %19 < 17, or IndexError
    mov x12, #4                              // %constant1 = 4
    mul x11, x8, x12                         // %20 = %19 * %constant1
    mov x10, #64                             // %constant2 = 64
    sub x12, x10, x11                        // %21 = %constant2 - %20
    cmp x5, x12                              // check len(data) <= %21, or IndexError
    b.hi 106b                                // check len(data) <= %21, or IndexError
    add x10, x6, #156                        // copy len(data) bytes, data to cpu.data[at + header]
    add x10, x10, x8, lsl #2                 // copy len(data) bytes, data to cpu.data[at + header]
    add x11, x4, #0                          // copy len(data) bytes, data to cpu.data[at + header]
    mov x13, x5                              // copy len(data) bytes, data to cpu.data[at + header]
    b 108f                                   // copy len(data) bytes, data to cpu.data[at + header]
107:
    sub x13, x13, #16                        // copy len(data) bytes, data to cpu.data[at + header]
    ldr q0, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at + header]
    str q0, [x10, x13]                       // copy len(data) bytes, data to cpu.data[at + header]
108:
    cmp x13, #16                             // copy len(data) bytes, data to cpu.data[at + header]
    b.hs 107b                                // copy len(data) bytes, data to cpu.data[at + header]
    tbz x13, #3, 109f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #8                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr x12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
    str x12, [x10, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
109:
    tbz x13, #2, 110f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #4                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr w12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
    str w12, [x10, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
110:
    tbz x13, #1, 111f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #2                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrh w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
    strh w12, [x10, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
111:
    tbz x13, #0, 112f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #1                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrb w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
    strb w12, [x10, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
112:
    mov x7, #1                               // %result = True
    stlr x9, [x6]                            // cpu.head = end    # commit
3:
// bytes: 284 in the section, 408 in all
