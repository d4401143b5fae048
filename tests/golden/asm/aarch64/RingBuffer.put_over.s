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
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary x12, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

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
    add x7, x5, #7                           // %1 = len(data) + 7
    lsr x7, x7, #2                           // size = %1 >> 2
    ldr x8, [x6]                             // head = cpu.head
    lsr x9, x8, #3                           // %2 = head >> 3
    and x9, x9, #31                          // at = %2 & 31
    and x10, x9, #15                         // %7 = at & 15
    add x10, x10, x7                         // %8 = %7 + size
    cmp x10, #16                             // if %8 >= 16 goto decided5
    b.hs 101b                                // if %8 >= 16 goto decided5
    and x10, x8, #3                          // %10 = head & 3
    cmp x10, #3                              // if %10 == 3 goto exit0
    b.eq 102b                                // if %10 == 3 goto exit0
    lsl x7, x7, #3                           // %11 = size << 3
    add x8, x8, x7                           // %12 = head + %11
    add x8, x8, #1                           // end = %12 + 1
    mov w7, w5                               // %14 = u32(len(data))
    add x10, x6, x9, lsl #2                  // cpu.data[at] = %14
    str w7, [x10, #204]                      // cpu.data[at] = %14
    mov x7, #4                               // %constant1 = 4
    mul x10, x9, x7                          // %18 = at * %constant1
    mov x7, #124                             // %constant2 = 124
    sub x7, x7, x10                          // %19 = %constant2 - %18
    cmp x5, x7                               // check len(data) <= %19, or IndexError
    b.hi 103b                                // check len(data) <= %19, or IndexError
    add x7, x6, #208                         // copy len(data) bytes, data to cpu.data[at + header]
    add x7, x7, x9, lsl #2                   // copy len(data) bytes, data to cpu.data[at + header]
    add x10, x4, #0                          // copy len(data) bytes, data to cpu.data[at + header]
    mov x12, x5                              // copy len(data) bytes, data to cpu.data[at + header]
    b 105f                                   // copy len(data) bytes, data to cpu.data[at + header]
104:
    sub x12, x12, #16                        // copy len(data) bytes, data to cpu.data[at + header]
    ldr q0, [x10, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
    str q0, [x7, x12]                        // copy len(data) bytes, data to cpu.data[at + header]
105:
    cmp x12, #16                             // copy len(data) bytes, data to cpu.data[at + header]
    b.hs 104b                                // copy len(data) bytes, data to cpu.data[at + header]
    tbz x12, #3, 106f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #8                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr x11, [x10, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
    str x11, [x7, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
106:
    tbz x12, #2, 107f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #4                         // copy len(data) bytes, data to cpu.data[at + header]
    ldr w11, [x10, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
    str w11, [x7, x12]                       // copy len(data) bytes, data to cpu.data[at + header]
107:
    tbz x12, #1, 108f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #2                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrh w11, [x10, x12]                     // copy len(data) bytes, data to cpu.data[at + header]
    strh w11, [x7, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
108:
    tbz x12, #0, 109f                        // copy len(data) bytes, data to cpu.data[at + header]
    sub x12, x12, #1                         // copy len(data) bytes, data to cpu.data[at + header]
    ldrb w11, [x10, x12]                     // copy len(data) bytes, data to cpu.data[at + header]
    strb w11, [x7, x12]                      // copy len(data) bytes, data to cpu.data[at + header]
109:
    mov x7, #1                               // %result = True
    stlr x8, [x6]                            // cpu.head = end    # commit
3:
// bytes: 224 in the section, 312 in all
