// pop(cpu: Lane) -> u32 | None:
//     n = cpu.cached
//     if n != 0 goto else1
//     return
//   else1:
//     top = n - 1
//     check top < 4, or IndexError
//     row = cpu.hints[top]
//     cpu.cached = top
//     return row
//
// aarch64, lanes by cpu_id: 15 instructions and 8 cold
// registers: status x4, result x5, temporary x6, temporary x7, area x0, base x1, stride x2, lanes x3

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // return None
    mov x4, #-3                              // return None
    b 3f                                     // return None
102:                                         // cpu.hints: index out of range
    mov x4, #-16                             // cpu.hints: index out of range
    b 3f                                     // cpu.hints: index out of range
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x4, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x4, 77b                             // restart
    add x4, x4, :lo12:77b                    // restart
    str x4, [x0, #8]                         // restart
2:                                           // restart
    ldr w4, [x0, #4]                         // this CPU's lane
    cmp w4, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x4, x4, x2, x1                      // this CPU's lane
    ldr x6, [x4, #88]                        // n = cpu.cached
    cbz x6, 101b                             // if n == 0 goto nothing
    sub x6, x6, #1                           // top = n - 1
    cmp x6, #4                               // check top < 4, or IndexError
    b.hs 102b                                // check top < 4, or IndexError
    add x7, x4, x6, lsl #2                   // %result = cpu.hints[top]
    ldr w5, [x7, #96]                        // %result = cpu.hints[top]
    str x6, [x4, #88]                        // cpu.cached = top    # commit
3:
// bytes: 48 in the section, 152 in all
