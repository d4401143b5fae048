// replace(cpu: Bucket, tokens: u32, others: u32) -> bool:
//     %4 = cpu.tokens
//     if %4 == tokens goto else1
//     return False
//   else1:
//     cpu.tokens = others
//     return True
//
// aarch64, lanes by cpu_id: 12 instructions and 6 cold
// registers: status x6, result x7, area x0, base x1, stride x2, lanes x3, tokens x4, others x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
    movz x7, #0                              // %result = False
    b 3f                                     // %result = False
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
    ldr w7, [x6]                             // %4 = cpu.tokens
    cmp x7, x4                               // if %4 != tokens goto exit0
    b.ne 101b                                // if %4 != tokens goto exit0
    mov x7, #1                               // %result = True
    str w5, [x6]                             // cpu.tokens = others    # commit
3:
// bytes: 36 in the section, 120 in all
