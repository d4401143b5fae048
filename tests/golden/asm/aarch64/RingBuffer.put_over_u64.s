// put(cpu: Numbers, data: u64) -> bool:
//     head = cpu.head
//     goto else1
//   else1:
//     %5 = head & 3
//     check %5 < 4, or IndexError
//     %6 = clock()
//     cpu.stamps[head & last] = %6
//     %7 = head & 3
//     check %7 < 4, or IndexError
//     cpu.data[head & last] = data
//     %8 = head + 1
//     cpu.head = %8
//     return True
//
// aarch64, lanes by cpu_id: 22 instructions and 8 cold
// registers: status x5, result x6, temporary x7, temporary x8, temporary x9, temporary x10, area x0, base x1, stride x2, lanes x3, data x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // cpu.stamps: index out of range
    mov x5, #-16                             // cpu.stamps: index out of range
    b 3f                                     // cpu.stamps: index out of range
102:                                         // cpu.data: index out of range
    mov x5, #-17                             // cpu.data: index out of range
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
    ldr x7, [x5]                             // head = cpu.head
    and x8, x7, #3                           // %5 = head & 3
    cmp x8, #4                               // check %5 < 4, or IndexError
    b.hs 101b                                // check %5 < 4, or IndexError
    mrs x9, cntvct_el0                       // %6 = clock()
    add x10, x5, x8, lsl #3                  // cpu.stamps[head & last] = %6
    str x9, [x10, #200]                      // cpu.stamps[head & last] = %6
    and x10, x7, #3                          // %7 = head & 3
    cmp x10, #4                              // check %7 < 4, or IndexError
    b.hs 102b                                // check %7 < 4, or IndexError
    add x8, x5, x10, lsl #3                  // cpu.data[head & last] = data
    str x4, [x8, #168]                       // cpu.data[head & last] = data
    add x9, x7, #1                           // %8 = head + 1
    mov x6, #1                               // %result = True
    stlr x9, [x5]                            // cpu.head = %8    # commit
3:
// bytes: 76 in the section, 184 in all
