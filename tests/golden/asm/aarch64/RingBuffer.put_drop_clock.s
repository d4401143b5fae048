// put(cpu: Ring, data: bytes, len(data): u64) -> bool:
//     %1 = len(data) + 15
//     size = %1 >> 2
//     head = cpu.head
//     %2 = head & 15
//     at = %2
//     end = head + size
//     %7 = at + size
//     if %7 > 16 goto decided5
//     %9 = cpu.tail    # acquire
//     %10 = end - %9
//     if %10 <= 16 goto else3
//   decided5:
//     return False
//   else3:
//     now = clock()
//     check at < 16, or IndexError
//     %13 = u32(len(data))
//     cpu.data[at] = %13
//     %14 = at + 1
//     at = %14
//     check at < 16, or IndexError
//     %15 = u32(now)
//     cpu.data[at] = %15
//     %16 = at + 1
//     at = %16
//     check at < 16, or IndexError
//     %17 = now >> 32
//     %18 = u32(%17)
//     cpu.data[at] = %18
//     %19 = at + 1
//     at = %19
//     check at < 17, or IndexError
//     %20 = at * 4
//     %21 = 64 - %20
//     check len(data) <= %21, or IndexError
//     copy len(data) bytes, data to cpu.data[at]
//     cpu.head = end
//     return True
//
// aarch64, lanes by cpu_id: 81 instructions and 14 cold
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary x12, temporary x13, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
103:                                         // cpu.data: index out of range
    mov x6, #-16                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
104:                                         // cpu.data: index out of range
    mov x6, #-17                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
105:                                         // cpu.data: index out of range
    mov x6, #-18                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
106:                                         // cpu.data: index out of range
    mov x6, #-19                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
107:                                         // cpu.data[at]: index out of range
    mov x6, #-20                             // cpu.data[at]: index out of range
    b 3f                                     // cpu.data[at]: index out of range
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
    add x11, x10, x8                         // %7 = at + size
    cmp x11, #16                             // if %7 > 16 goto decided5
    b.hi 101f                                // if %7 > 16 goto decided5
    ldr x8, [x6, #80]                        // %9 = cpu.tail    # acquire
    dmb ishld                                // %9 = cpu.tail    # acquire
    sub x11, x9, x8                          // %10 = end - %9
    cmp x11, #16                             // if %10 <= 16 goto else3
    b.ls 102f                                // if %10 <= 16 goto else3
101:
    movz x7, #0                              // %result = False
    b 3f                                     // goto end
102:
    mrs x8, cntvct_el0                       // now = clock()
    cmp x10, #16                             // check at < 16, or IndexError
    b.hs 103b                                // check at < 16, or IndexError
    mov w11, w5                              // %13 = u32(len(data))
    add x12, x6, x10, lsl #2                 // cpu.data[at] = %13
    str w11, [x12, #172]                     // cpu.data[at] = %13
    add x12, x10, #1                         // %14 = at + 1
    mov x10, x12                             // at = %14
    cmp x10, #16                             // check at < 16, or IndexError
    b.hs 104b                                // check at < 16, or IndexError
    mov w11, w8                              // %15 = u32(now)
    add x12, x6, x10, lsl #2                 // cpu.data[at] = %15
    str w11, [x12, #172]                     // cpu.data[at] = %15
    add x12, x10, #1                         // %16 = at + 1
    mov x10, x12                             // at = %16
    cmp x10, #16                             // check at < 16, or IndexError
    b.hs 105b                                // check at < 16, or IndexError
    lsr x11, x8, #32                         // %17 = now >> 32
    mov w12, w11                             // %18 = u32(%17)
    add x8, x6, x10, lsl #2                  // cpu.data[at] = %18
    str w12, [x8, #172]                      // cpu.data[at] = %18
    add x11, x10, #1                         // %19 = at + 1
    mov x10, x11                             // at = %19
    cmp x10, #17                             // check at < 17, or IndexError
    b.hs 106b                                // check at < 17, or IndexError
    mov x8, #4                               // %constant1 = 4
    mul x12, x10, x8                         // %20 = at * %constant1
    mov x11, #64                             // %constant2 = 64
    sub x8, x11, x12                         // %21 = %constant2 - %20
    cmp x5, x8                               // check len(data) <= %21, or IndexError
    b.hi 107b                                // check len(data) <= %21, or IndexError
    add x11, x6, #172                        // copy len(data) bytes, data to cpu.data[at]
    add x11, x11, x10, lsl #2                // copy len(data) bytes, data to cpu.data[at]
    add x12, x4, #0                          // copy len(data) bytes, data to cpu.data[at]
    mov x13, x5                              // copy len(data) bytes, data to cpu.data[at]
    b 109f                                   // copy len(data) bytes, data to cpu.data[at]
108:
    sub x13, x13, #16                        // copy len(data) bytes, data to cpu.data[at]
    ldr q0, [x12, x13]                       // copy len(data) bytes, data to cpu.data[at]
    str q0, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at]
109:
    cmp x13, #16                             // copy len(data) bytes, data to cpu.data[at]
    b.hs 108b                                // copy len(data) bytes, data to cpu.data[at]
    tbz x13, #3, 110f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #8                         // copy len(data) bytes, data to cpu.data[at]
    ldr x8, [x12, x13]                       // copy len(data) bytes, data to cpu.data[at]
    str x8, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at]
110:
    tbz x13, #2, 111f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #4                         // copy len(data) bytes, data to cpu.data[at]
    ldr w8, [x12, x13]                       // copy len(data) bytes, data to cpu.data[at]
    str w8, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at]
111:
    tbz x13, #1, 112f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #2                         // copy len(data) bytes, data to cpu.data[at]
    ldrh w8, [x12, x13]                      // copy len(data) bytes, data to cpu.data[at]
    strh w8, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at]
112:
    tbz x13, #0, 113f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #1                         // copy len(data) bytes, data to cpu.data[at]
    ldrb w8, [x12, x13]                      // copy len(data) bytes, data to cpu.data[at]
    strb w8, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at]
113:
    mov x7, #1                               // %result = True
    stlr x9, [x6]                            // cpu.head = end    # commit
3:
// bytes: 312 in the section, 440 in all
