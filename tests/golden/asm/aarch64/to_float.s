// to_float(cpu: Numbers, n: u64) -> f64:
//     x = f64(n)
//     %1 = cpu.sum
//     %2 = %1 + x
//     cpu.sum = %2
//     return x
//
// aarch64, lanes by cpu_id: 11 instructions and 4 cold
// registers: status x5, result v0, temporary v1, area x0, base x1, stride x2, lanes x3, n x4

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
    ucvtf d0, x4                             // x = f64(n)
    ldr d1, [x5, #16]                        // %1 = cpu.sum
    fadd d1, d1, d0                          // %2 = %1 + x
    str d1, [x5, #16]                        // cpu.sum = %2    # commit
3:
// bytes: 32 in the section, 120 in all
