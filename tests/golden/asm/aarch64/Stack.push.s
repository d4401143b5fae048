// push(cpu: Slots, value: u64) -> bool:
//     n = cpu.count
//     %4 = cpu.limit
//     if n < %4 goto else1
//     return False
//   else1:
//     check n < 4, or IndexError
//     cpu.slots[n] = value
//     %5 = n + 1
//     cpu.count = %5
//     return True
//
// aarch64, lanes by cpu_id: 18 instructions and 8 cold
// registers: status x5, result x6, temporary x7, area x0, base x1, stride x2, lanes x3, value x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
    movz x6, #0                              // %result = False
    b 3f                                     // %result = False
102:                                         // cpu.slots: index out of range
    mov x5, #-16                             // cpu.slots: index out of range
    b 3f                                     // cpu.slots: index out of range
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
    ldr x7, [x5, #8]                         // n = cpu.count
    ldr x6, [x5]                             // %4 = cpu.limit
    cmp x7, x6                               // if n >= %4 goto exit0
    b.hs 101b                                // if n >= %4 goto exit0
    cmp x7, #4                               // check n < 4, or IndexError
    b.hs 102b                                // check n < 4, or IndexError
    add x6, x5, x7, lsl #3                   // cpu.slots[n] = value
    str x4, [x6, #16]                        // cpu.slots[n] = value
    add x7, x7, #1                           // %5 = n + 1
    mov x6, #1                               // %result = True
    str x7, [x5, #8]                         // cpu.count = %5    # commit
3:
// bytes: 60 in the section, 152 in all
