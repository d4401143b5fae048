// put(cpu: Rows, data: u64) -> bool:
//     head = cpu.head
//     goto else1
//   else1:
//     %5 = head & 3
//     %6 = clock()
//     cpu.stamps[head & last] = %6
//     %9 = head & 3
//     cpu.data[head & last] = data
//     %10 = head + 1
//     cpu.head = %10
//     return True
//
// aarch64, lanes by cpu_id: 18 instructions and 4 cold
// registers: status x5, result x6, temporary x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, data x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
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
    and x6, x7, #3                           // %5 = head & 3
    mrs x8, cntvct_el0                       // %6 = clock()
    add x9, x5, x6, lsl #3                   // cpu.stamps[head & last] = %6
    str x8, [x9, #216]                       // cpu.stamps[head & last] = %6
    and x6, x7, #3                           // %9 = head & 3
    add x8, x5, x6, lsl #3                   // cpu.data[head & last] = data
    str x4, [x8, #184]                       // cpu.data[head & last] = data
    add x7, x7, #1                           // %10 = head + 1
    mov x6, #1                               // %result = True
    stlr x7, [x5]                            // cpu.head = %10    # commit
3:
// bytes: 60 in the section, 152 in all
