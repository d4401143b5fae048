// put(cpu: Recorder, data: bytes, len(data): u64) -> bool:
//     %1 = len(data) + 7
//     size = %1 >> 2
//     head = cpu.head
//     %2 = head >> 4
//     %3 = %2 & 31
//     at = %3
//     %8 = at & 15
//     %9 = %8 + size
//     if %9 >= 16 goto decided6
//     %11 = head & 15
//     if %11 != 15 goto else4
//   decided6:
//     return False
//   else4:
//     %12 = size << 4
//     %13 = head + %12
//     end = %13 + 1
//     goto else14
//   else14:
//     check at < 32, or IndexError
//     %16 = u32(len(data))
//     cpu.data[at] = %16
//     %17 = at + 1
//     at = %17
//     check at < 33, or IndexError
//     %18 = at * 4
//     %19 = 128 - %18
//     check len(data) <= %19, or IndexError
//     copy len(data) bytes, data to cpu.data[at]
//     cpu.head = end
//     return True
//
// aarch64, lanes by cpu_id: 67 instructions and 10 cold
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
105:                                         // cpu.data[at]: index out of range
    mov x6, #-18                             // cpu.data[at]: index out of range
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
    add x8, x5, #7                           // %1 = len(data) + 7
    lsr x8, x8, #2                           // size = %1 >> 2
    ldr x9, [x6]                             // head = cpu.head
    lsr x10, x9, #4                          // %2 = head >> 4
    and x10, x10, #31                        // at = %2 & 31
    and x11, x10, #15                        // %8 = at & 15
    add x11, x11, x8                         // %9 = %8 + size
    cmp x11, #16                             // if %9 >= 16 goto decided6
    b.hs 101f                                // if %9 >= 16 goto decided6
    and x11, x9, #15                         // %11 = head & 15
    cmp x11, #15                             // if %11 != 15 goto else4
    b.ne 102f                                // if %11 != 15 goto else4
101:
    movz x7, #0                              // %result = False
    b 3f                                     // goto end
102:
    lsl x11, x8, #4                          // %12 = size << 4
    add x8, x9, x11                          // %13 = head + %12
    add x9, x8, #1                           // end = %13 + 1
    cmp x10, #32                             // check at < 32, or IndexError
    b.hs 103b                                // check at < 32, or IndexError
    mov w11, w5                              // %16 = u32(len(data))
    add x8, x6, x10, lsl #2                  // cpu.data[at] = %16
    str w11, [x8, #188]                      // cpu.data[at] = %16
    add x8, x10, #1                          // %17 = at + 1
    mov x10, x8                              // at = %17
    cmp x10, #33                             // check at < 33, or IndexError
    b.hs 104b                                // check at < 33, or IndexError
    mov x11, #4                              // %constant1 = 4
    mul x8, x10, x11                         // %18 = at * %constant1
    mov x11, #128                            // %constant2 = 128
    sub x11, x11, x8                         // %19 = %constant2 - %18
    cmp x5, x11                              // check len(data) <= %19, or IndexError
    b.hi 105b                                // check len(data) <= %19, or IndexError
    add x8, x6, #188                         // copy len(data) bytes, data to cpu.data[at]
    add x8, x8, x10, lsl #2                  // copy len(data) bytes, data to cpu.data[at]
    add x11, x4, #0                          // copy len(data) bytes, data to cpu.data[at]
    mov x13, x5                              // copy len(data) bytes, data to cpu.data[at]
    b 107f                                   // copy len(data) bytes, data to cpu.data[at]
106:
    sub x13, x13, #16                        // copy len(data) bytes, data to cpu.data[at]
    ldr q0, [x11, x13]                       // copy len(data) bytes, data to cpu.data[at]
    str q0, [x8, x13]                        // copy len(data) bytes, data to cpu.data[at]
107:
    cmp x13, #16                             // copy len(data) bytes, data to cpu.data[at]
    b.hs 106b                                // copy len(data) bytes, data to cpu.data[at]
    tbz x13, #3, 108f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #8                         // copy len(data) bytes, data to cpu.data[at]
    ldr x12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at]
    str x12, [x8, x13]                       // copy len(data) bytes, data to cpu.data[at]
108:
    tbz x13, #2, 109f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #4                         // copy len(data) bytes, data to cpu.data[at]
    ldr w12, [x11, x13]                      // copy len(data) bytes, data to cpu.data[at]
    str w12, [x8, x13]                       // copy len(data) bytes, data to cpu.data[at]
109:
    tbz x13, #1, 110f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #2                         // copy len(data) bytes, data to cpu.data[at]
    ldrh w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at]
    strh w12, [x8, x13]                      // copy len(data) bytes, data to cpu.data[at]
110:
    tbz x13, #0, 111f                        // copy len(data) bytes, data to cpu.data[at]
    sub x13, x13, #1                         // copy len(data) bytes, data to cpu.data[at]
    ldrb w12, [x11, x13]                     // copy len(data) bytes, data to cpu.data[at]
    strb w12, [x8, x13]                      // copy len(data) bytes, data to cpu.data[at]
111:
    mov x7, #1                               // %result = True
    stlr x9, [x6]                            // cpu.head = end    # commit
3:
// bytes: 256 in the section, 344 in all
