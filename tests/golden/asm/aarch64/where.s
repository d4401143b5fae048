// where(cpu: Numbers) -> i32:
//     number = cpu_number()
//     cpu.cpu = number
//     return number
//
// aarch64, lanes by cpu_id: 9 instructions and 4 cold
// registers: status x4, result x5, area x0, base x1, stride x2, lanes x3

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
    mov w5, w4                               // this CPU's lane
    madd x4, x4, x2, x1                      // this CPU's lane
    str w5, [x4, #40]                        // cpu.cpu = number    # commit
3:
// bytes: 24 in the section, 88 in all
