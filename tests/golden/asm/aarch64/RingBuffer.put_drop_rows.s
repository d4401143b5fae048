// put(cpu: Rows, data: bytes, len(data): u64) -> bool:
//     head = cpu.head
//     %6 = cpu.tail    # acquire
//     %7 = head - %6
//     if %7 < 2 goto else3
//     return False
//   else3:
//     %10 = head & 1
//     %11 = clock()
//     cpu.stamps[head & last] = %11
//     goto else12
//   else12:
//     %14 = head & 1
//     %15 = %14 * 12
//     %16 = 24 - %15
//     %17 = 12
//     check %17 <= len(data), or IndexError
//     copy 12 bytes, data to cpu.data[(head & last) * size]
//     %18 = head + 1
//     cpu.head = %18
//     return True
//
// aarch64, lanes by cpu_id: 33 instructions and 8 cold
// registers: status x6, result x7, temporary x8, temporary x9, temporary x10, temporary x11, temporary v0, area x0, base x1, stride x2, lanes x3, data x4, len(data) x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
    movz x7, #0                              // %result = False
    b 3f                                     // %result = False
102:                                         // data: index out of range
    mov x6, #-16                             // data: index out of range
    b 3f                                     // data: index out of range
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
    ldr x8, [x6]                             // head = cpu.head
    ldr x7, [x6, #80]                        // %6 = cpu.tail    # acquire
    dmb ishld                                // %6 = cpu.tail    # acquire
    sub x9, x8, x7                           // %7 = head - %6
    cmp x9, #2                               // if %7 >= 2 goto exit0
    b.hs 101b                                // if %7 >= 2 goto exit0
    and x7, x8, #1                           // %10 = head & 1
    mrs x9, cntvct_el0                       // %11 = clock()
    add x10, x6, x7, lsl #3                  // cpu.stamps[head & last] = %11
    str x9, [x10, #176]                      // cpu.stamps[head & last] = %11
    and x7, x8, #1                           // %14 = head & 1
    mov x9, #12                              // %constant1 = 12
    mul x7, x7, x9                           // %15 = %14 * %constant1
    mov x9, #12                              // %17 = 12
    cmp x9, x5                               // check %17 <= len(data), or IndexError
    b.hi 102b                                // check %17 <= len(data), or IndexError
    add x9, x6, #152                         // copy 12 bytes, data to cpu.data[(head & last) * size]
    add x9, x9, x7                           // copy 12 bytes, data to cpu.data[(head & last) * size]
    add x10, x4, #0                          // copy 12 bytes, data to cpu.data[(head & last) * size]
    ldr x11, [x10, #0]                       // copy 12 bytes, data to cpu.data[(head & last) * size]
    str x11, [x9, #0]                        // copy 12 bytes, data to cpu.data[(head & last) * size]
    ldr w11, [x10, #8]                       // copy 12 bytes, data to cpu.data[(head & last) * size]
    str w11, [x9, #8]                        // copy 12 bytes, data to cpu.data[(head & last) * size]
    add x8, x8, #1                           // %18 = head + 1
    mov x7, #1                               // %result = True
    stlr x8, [x6]                            // cpu.head = %18    # commit
3:
// bytes: 120 in the section, 216 in all
