// take_or_tell(cpu: Lock, me: u64) -> i32:
//     number = cpu_number()
//     %4 = cpu.owner
//     if %4 == 0 goto else1
//     %5 = number ^ -1
//     return %5
//   else1:
//     cpu.owner = me
//     return number
//
// aarch64, lanes by cpu_id: 15 instructions and 4 cold
// registers: status x5, result x6, temporary x7, area x0, base x1, stride x2, lanes x3, me x4

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
    mov w6, w5                               // this CPU's lane
    madd x5, x5, x2, x1                      // this CPU's lane
    ldr x7, [x5]                             // %4 = cpu.owner
    cbz x7, 101f                             // if %4 == 0 goto else1
    movn x7, #0                              // %constant1 = -1
    eor x6, x6, x7                           // %result = number ^ %constant1
    b 3f                                     // goto end
101:
    stlr x4, [x5]                            // cpu.owner = me    # commit
3:
    dmb ishld                                // acquire
// bytes: 44 in the section, 120 in all
