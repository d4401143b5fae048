// begin_part(cpu: Recorder, size: u64):
//     head = cpu.head
//     %1 = head >> 3
//     position = %1
//     %2 = position & 15
//     end = %2 + size
//     if end >= 16 goto else3
//     %7 = head & 3
//     if %7 == 3 goto else3
//     return
//   else3:
//     %8 = head & 3
//     serial = %8
//     %11 = head & 4
//     if %11 == 0 goto else9
//     %12 = cpu.odd
//     %13 = serial + %12
//     serial = %13
//     cpu.even = serial
//     goto endif10
//   else9:
//     %14 = cpu.even
//     %15 = serial + %14
//     serial = %15
//     cpu.odd = serial
//   endif10:
//     if end < 16 goto else16
//     %19 = position & 31
//     cpu.data[position & last] = 4294967295
//     %20 = position | 15
//     %21 = %20 + 1
//     position = %21
//     %22 = position & 31
//     %23 = u32(serial)
//     cpu.data[position & last] = %23
//     %24 = position & 31
//     %25 = %24 + 1
//     check %25 < 32, or IndexError
//     %26 = serial >> 32
//     %27 = u32(%26)
//     cpu.data[(position & last) + 1] = %27
//     %28 = position + 2
//     position = %28
//   else16:
//     %29 = position << 3
//     %30 = head ^ 18446744073709551615
//     %31 = %30 & 4
//     %32 = %29 | %31
//     cpu.head = %32
//     return
//
// aarch64, lanes by cpu_id: 53 instructions and 6 cold
// registers: status x5, temporary x6, temporary x7, temporary x8, temporary x9, temporary x10, temporary x11, area x0, base x1, stride x2, lanes x3, size x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
105:                                         // cpu.data: index out of range
    mov x5, #-16                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
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
    ldr x6, [x5]                             // head = cpu.head
    lsr x7, x6, #3                           // position = head >> 3
    and x8, x7, #15                          // %2 = position & 15
    add x8, x8, x4                           // end = %2 + size
    cmp x8, #16                              // if end >= 16 goto else3
    b.hs 101f                                // if end >= 16 goto else3
    and x9, x6, #3                           // %7 = head & 3
    cmp x9, #3                               // if %7 != 3 goto end
    b.ne 3f                                  // if %7 != 3 goto end
101:
    and x9, x6, #3                           // serial = head & 3
    and x10, x6, #4                          // %11 = head & 4
    cbz x10, 102f                            // if %11 == 0 goto else9
    ldr x10, [x5, #24]                       // %12 = cpu.odd
    add x9, x9, x10                          // serial = serial + %12
    str x9, [x5, #16]                        // cpu.even = serial
    b 103f                                   // goto endif10
102:
    ldr x10, [x5, #16]                       // %14 = cpu.even
    add x9, x9, x10                          // serial = serial + %14
    str x9, [x5, #24]                        // cpu.odd = serial
103:
    cmp x8, #16                              // if end < 16 goto else16
    b.lo 104f                                // if end < 16 goto else16
    and x8, x7, #31                          // %19 = position & 31
    mov x10, #4294967295                     // %constant1 = 4294967295
    add x11, x5, x8, lsl #2                  // cpu.data[position & last] = %constant1
    str w10, [x11, #204]                     // cpu.data[position & last] = %constant1
    orr x7, x7, #15                          // %20 = position | 15
    add x7, x7, #1                           // position = %20 + 1
    and x8, x7, #31                          // %22 = position & 31
    mov w10, w9                              // %23 = u32(serial)
    add x11, x5, x8, lsl #2                  // cpu.data[position & last] = %23
    str w10, [x11, #204]                     // cpu.data[position & last] = %23
    and x8, x7, #31                          // %24 = position & 31
    add x10, x8, #1                          // %25 = %24 + 1
    cmp x10, #32                             // check %25 < 32, or IndexError
    b.hs 105b                                // check %25 < 32, or IndexError
    lsr x9, x9, #32                          // %26 = serial >> 32
    mov w9, w9                               // %27 = u32(%26)
    add x10, x5, x8, lsl #2                  // cpu.data[(position & last) + 1] = %27
    str w9, [x10, #208]                      // cpu.data[(position & last) + 1] = %27
    add x7, x7, #2                           // position = position + 2
104:
    lsl x7, x7, #3                           // %29 = position << 3
    movn x8, #0                              // %constant2 = 18446744073709551615
    eor x6, x6, x8                           // %30 = head ^ %constant2
    and x6, x6, #4                           // %31 = %30 & 4
    orr x7, x7, x6                           // %32 = %29 | %31
    stlr x7, [x5]                            // cpu.head = %32    # commit
3:
// bytes: 200 in the section, 280 in all
