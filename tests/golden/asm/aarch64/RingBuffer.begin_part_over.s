// begin_part(cpu: Recorder, size: u64):
//     head = cpu.head
//     %1 = head >> 4
//     here = %1 & 31
//     %5 = here & 15
//     %6 = %5 + size
//     if %6 >= 16 goto else2
//     %8 = head & 15
//     if %8 == 15 goto else2
//     return
//   else2:
//     cpu.data[here] = 4294967295
//     %9 = head >> 4
//     %10 = %9 | 15
//     start = %10 + 1
//     %11 = head & 15
//     serial = %11
//     %14 = start & 16
//     if %14 == 0 goto else12
//     %15 = cpu.even
//     %16 = serial + %15
//     serial = %16
//     cpu.odd = serial
//     goto endif13
//   else12:
//     %17 = cpu.odd
//     %18 = serial + %17
//     serial = %18
//     cpu.even = serial
//   endif13:
//     at = start & 31
//     %19 = u32(serial)
//     cpu.data[at] = %19
//     %20 = at + 1
//     check %20 < 32, or IndexError
//     %21 = serial >> 32
//     %22 = u32(%21)
//     cpu.data[at + 1] = %22
//     %23 = start + 2
//     %24 = %23 << 4
//     cpu.head = %24
//     return
//
// aarch64, lanes by cpu_id: 49 instructions and 6 cold
// registers: status x5, temporary x6, temporary x7, temporary x8, temporary x9, temporary x10, area x0, base x1, stride x2, lanes x3, size x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
104:                                         // cpu.data: index out of range
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
    lsr x7, x6, #4                           // %1 = head >> 4
    and x7, x7, #31                          // here = %1 & 31
    and x8, x7, #15                          // %5 = here & 15
    add x8, x8, x4                           // %6 = %5 + size
    cmp x8, #16                              // if %6 >= 16 goto else2
    b.hs 101f                                // if %6 >= 16 goto else2
    and x8, x6, #15                          // %8 = head & 15
    cmp x8, #15                              // if %8 != 15 goto end
    b.ne 3f                                  // if %8 != 15 goto end
101:
    mov x8, #4294967295                      // %constant1 = 4294967295
    add x9, x5, x7, lsl #2                   // cpu.data[here] = %constant1
    str w8, [x9, #204]                       // cpu.data[here] = %constant1
    lsr x9, x6, #4                           // %9 = head >> 4
    orr x7, x9, #15                          // %10 = %9 | 15
    add x8, x7, #1                           // start = %10 + 1
    and x9, x6, #15                          // serial = head & 15
    and x7, x8, #16                          // %14 = start & 16
    cbz x7, 102f                             // if %14 == 0 goto else12
    ldr x6, [x5, #16]                        // %15 = cpu.even
    add x7, x9, x6                           // %16 = serial + %15
    mov x9, x7                               // serial = %16
    str x9, [x5, #24]                        // cpu.odd = serial
    b 103f                                   // goto endif13
102:
    ldr x6, [x5, #24]                        // %17 = cpu.odd
    add x7, x9, x6                           // %18 = serial + %17
    mov x9, x7                               // serial = %18
    str x9, [x5, #16]                        // cpu.even = serial
103:
    and x6, x8, #31                          // at = start & 31
    mov w7, w9                               // %19 = u32(serial)
    add x10, x5, x6, lsl #2                  // cpu.data[at] = %19
    str w7, [x10, #204]                      // cpu.data[at] = %19
    add x10, x6, #1                          // %20 = at + 1
    cmp x10, #32                             // check %20 < 32, or IndexError
    b.hs 104b                                // check %20 < 32, or IndexError
    lsr x7, x9, #32                          // %21 = serial >> 32
    mov w10, w7                              // %22 = u32(%21)
    add x9, x5, x6, lsl #2                   // cpu.data[at + 1] = %22
    str w10, [x9, #208]                      // cpu.data[at + 1] = %22
    add x7, x8, #2                           // %23 = start + 2
    lsl x9, x7, #4                           // %24 = %23 << 4
    stlr x9, [x5]                            // cpu.head = %24    # commit
3:
// bytes: 184 in the section, 280 in all
