// clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
//     if n >= low goto else1
//     cpu.most = low
//     goto endif2
//   else1:
//     if n <= high goto else4
//     cpu.most = high
//     goto endif5
//   else4:
//     cpu.most = n
//   endif5:
//   endif2:
//     %7 = n - low
//     return %7
//
// aarch64, lanes by cpu_id: 20 instructions and 4 cold
// registers: status x7, result x8, temporary x9, area x0, base x1, stride x2, lanes x3, n x4, low x5, high x6

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x7, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x7, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x7, 77b                             // restart
    add x7, x7, :lo12:77b                    // restart
    str x7, [x0, #8]                         // restart
2:                                           // restart
    ldr w7, [x0, #4]                         // this CPU's lane
    cmp w7, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x7, x7, x2, x1                      // this CPU's lane
    cmp x4, x5                               // if n >= low goto else1
    b.ge 101f                                // if n >= low goto else1
    sub x8, x4, x5                           // %7 = n - low
    mov x9, x5                               // %commit = low
    b 102f                                   // goto commit
101:
    cmp x4, x6                               // if n <= high goto else4
    b.le 103f                                // if n <= high goto else4
    sub x8, x4, x5                           // %7 = n - low
    mov x9, x6                               // %commit = high
    b 102f                                   // goto commit
103:
    sub x8, x4, x5                           // %7 = n - low
    mov x9, x4                               // %commit = n
102:
    str x9, [x7, #8]                         // cpu.most = %commit    # commit
3:
// bytes: 68 in the section, 152 in all
