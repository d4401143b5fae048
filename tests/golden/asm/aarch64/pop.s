// pop(cpu: Items, missing: i64) -> i64:
//     n = cpu.count
//     if n != 0 goto else1
//     return missing
//   else1:
//     %4 = n - 1
//     check %4 < 64, or IndexError
//     value = cpu.slots[n - 1]
//     %5 = n - 1
//     cpu.count = %5
//     return value
//
// aarch64, lanes by cpu_id: 18 instructions and 6 cold
// registers: status x5, result x6, temporary x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, missing x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
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
    ldr x7, [x5]                             // n = cpu.count
    cbnz x7, 101f                            // if n != 0 goto else1
    mov x6, x4                               // %result = missing
    b 3f                                     // goto end
101:
    sub x8, x7, #1                           // %4 = n - 1
    cmp x8, #64                              // check %4 < 64, or IndexError
    b.hs 102b                                // check %4 < 64, or IndexError
    add x9, x5, x8, lsl #3                   // value = cpu.slots[n - 1]
    ldr x6, [x9, #8]                         // value = cpu.slots[n - 1]
    sub x7, x7, #1                           // %5 = n - 1
    str x7, [x5]                             // cpu.count = %5    # commit
3:
// bytes: 60 in the section, 152 in all
