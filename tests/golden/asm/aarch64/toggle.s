// toggle(cpu: Numbers, bit: u32) -> bool:
//     flags = cpu.flags
//     mask = 1 << bit
//     %1 = flags ^ mask
//     cpu.flags = %1
//     %2 = False
//     %5 = flags & mask
//     if %5 == 0 goto known3
//     %2 = True
//   known3:
//     return %2
//
// aarch64, lanes by cpu_id: 16 instructions and 4 cold
// registers: status x5, result x6, temporary x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, bit x4

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
    ldr w7, [x5, #28]                        // flags = cpu.flags
    mov x8, #1                               // %constant1 = 1
    lsl w8, w8, w4                           // mask = %constant1 << bit
    eor x9, x7, x8                           // %1 = flags ^ mask
    movz x6, #0                              // %2 = False
    and x7, x7, x8                           // %5 = flags & mask
    cbz x7, 101f                             // if %5 == 0 goto known3.3
    mov x6, #1                               // %2 = True
101:
    str w9, [x5, #28]                        // cpu.flags = %1    # commit
3:
// bytes: 52 in the section, 120 in all
