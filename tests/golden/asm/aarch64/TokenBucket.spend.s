// spend(cpu: Bucket, n: u32) -> u32:
//     tokens = cpu.tokens
//     if tokens >= n goto else1
//     %4 = n - tokens
//     return %4
//   else1:
//     %5 = tokens - n
//     cpu.tokens = %5
//     return 0
//
// aarch64, lanes by cpu_id: 15 instructions and 4 cold
// registers: status x5, result x6, temporary x7, area x0, base x1, stride x2, lanes x3, n x4

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
    ldr w7, [x5]                             // tokens = cpu.tokens
    cmp x7, x4                               // if tokens >= n goto else1
    b.hs 101f                                // if tokens >= n goto else1
    sub w6, w4, w7                           // %result = n - tokens
    b 3f                                     // goto end
101:
    sub w7, w7, w4                           // %5 = tokens - n
    movz x6, #0                              // %result = 0
    str w7, [x5]                             // cpu.tokens = %5    # commit
3:
// bytes: 48 in the section, 120 in all
