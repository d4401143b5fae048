// start(cpu: Lane) -> u64:
//     here = cpu.cursor
//     %1 = cpu.batch
//     %2 = here + %1
//     following = %2
//     %6 = cpu.count
//     if following < %6 goto else3
//     following = 0
//   else3:
//     cpu.cursor = following
//     return here
//
// aarch64, lanes by cpu_id: 15 instructions and 4 cold
// registers: status x4, result x5, temporary x6, temporary x7, area x0, base x1, stride x2, lanes x3

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
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
    ldr x5, [x4, #80]                        // here = cpu.cursor
    ldr x6, [x4, #8]                         // %1 = cpu.batch
    add x7, x5, x6                           // following = here + %1
    ldr x6, [x4]                             // %6 = cpu.count
    cmp x7, x6                               // if following < %6 goto else3
    b.lo 101f                                // if following < %6 goto else3
    movz x7, #0                              // following = 0
101:
    str x7, [x4, #80]                        // cpu.cursor = following    # commit
3:
// bytes: 48 in the section, 120 in all
