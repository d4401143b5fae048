// put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
//     %1 = len(data) + 7
//     size = %1 >> 2
//     head = cpu.head
//     %2 = head >> 3
//     at = %2 & 31
//     %7 = at & 15
//     %8 = %7 + size
//     if %8 >= 16 goto decided5
//     %10 = head & 3
//     if %10 != 3 goto else3
//   decided5:
//     return False
//   else3:
//     %11 = size << 3
//     %12 = head + %11
//     end = %12 + 1
//     %14 = u32(len(data))
//     cpu.data[at] = %14
//     goto else15
//   else15:
//     %17 = at + 1
//     %18 = at * 4
//     %19 = 124 - %18
//     check len(data) <= %19, or IndexError
//     copy len(data) bytes, data to cpu.data[at + header]
//     cpu.head = end
//     return True
//
// aarch64, lanes by cpu_id: 59 instructions and 8 cold
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary x12, temporary x13, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
102:                                         // %result = False
    movz x7, #0                              // %result = False
    b 3f                                     // %result = False
103:                                         // cpu.data[at + header]: index out of range
    mov x6, #-16                             // cpu.data[at + header]: index out of range
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
    add x8, x5, #7                           // %1 = len(data) + 7
    lsr x8, x8, #2                           // size = %1 >> 2
    ldr x9, [x6]                             // head = cpu.head
    lsr x10, x9, #3                          // %2 = head >> 3
    and x10, x10, #31                        // at = %2 & 31
    and x11, x10, #15                        // %7 = at & 15
    add x11, x11, x8                         // %8 = %7 + size
    cmp x11, #16                             // if %8 >= 16 goto decided5
    b.hs 101b                                // if %8 >= 16 goto decided5
    and x11, x9, #3                          // %10 = head & 3
    cmp x11, #3                              // if %10 == 3 goto exit0
    b.eq 102b                                // if %10 == 3 goto exit0
    lsl x11, x8, #3                          // %11 = size << 3
    add x8, x9, x11                          // %12 = head + %11
    add x9, x8, #1                           // end = %12 + 1
    mov w11, w5                              // %14 = u32(len(data))
    add x8, x6, x10, lsl #2                  // cpu.data[at] = %14
    str w11, [x8, #204]                      // cpu.data[at] = %14
    mov x8, #4                               // %constant1 = 4
    mul x11, x10, x8                         // %18 = at * %constant1
    mov x8, #124                             // %constant2 = 124
    sub x8, x8, x11                          // %19 = %constant2 - %18
    cmp x5, x8                               // check len(data) <= %19, or IndexError
    b.hi 103b                                // check len(data) <= %19, or IndexError
    add x11, x6, #208                        // copy len(data) bytes, data to cpu.data[at + header]
    add x11, x11, x10, lsl #2                // copy len(data) bytes, data to cpu.data[at + header]
    add x8, x4, #0                           // copy len(data) bytes, data to cpu.data[at + header]
    mov x13, x5                              // copy len(data) bytes, data to cpu.data[at + header]
    b 105f                                   // copy len(data) bytes, data to cpu.data[at + header]
104:
    sub x13, x13, #16                        // copy len(data) bytes, data to cpu.data[at + header]
    ldr q0, [x8, x13]                        // copy len(data) bytes, data to cpu.data[at + header]
    str q0, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at + header]
105:
    cmp x13, #16                             // copy len(data) bytes, data to cpu.data[at + header]
    b.hs 104b                                // copy len(data) bytes, data to cpu.data[at + header]
    tbz x13, #3, 106f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #8                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr x12, [x8, x13]                       // copy len(data) bytes, data to cpu.data[at + header]
    str x12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
106:
    tbz x13, #2, 107f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #4                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr w12, [x8, x13]                       // copy len(data) bytes, data to cpu.data[at + header]
    str w12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
107:
    tbz x13, #1, 108f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #2                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrh w12, [x8, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
    strh w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
108:
    tbz x13, #0, 109f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x13, x13, #1                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrb w12, [x8, x13]                      // copy len(data) bytes, data to cpu.data[at + header]
    strb w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at + header]
109:
    mov x7, #1                               // %result = True
    stlr x9, [x6]                            // cpu.head = end    # commit
3:
// bytes: 224 in the section, 312 in all
