// divide(cpu: Numbers, n: i64) -> i64:
//     %1 = n // 10
//     cpu.least = %1
//     %2 = n % 16
//     return %2
//
// aarch64, lanes by cpu_id: 17 instructions and 4 cold
// registers: status x5, result x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, n x4

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
    movz x6, #10                             // %constant1 = 10
    sdiv x7, x4, x6                          // %quotient0 = n quo %constant1
    movz x6, #10                             // %constant2 = 10
    mul x8, x7, x6                           // %rest0 = %quotient0 * %constant2
    sub x6, x4, x8                           // %rest0 = n - %rest0
    cmp x6, #0                               // if %rest0 >= 0 goto exact0
    b.ge 101f                                // if %rest0 >= 0 goto exact0
    sub x7, x7, #1                           // %quotient0 = %quotient0 - 1
101:
    and x6, x4, #15                          // %result = n & 15
    str x7, [x5]                             // cpu.least = %1    # commit
3:
// bytes: 56 in the section, 120 in all
