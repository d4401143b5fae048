// lose(cpu: Ring):
//     cpu.lost += 1
//     return
//
// aarch64, lanes by cpu_id: 10 instructions and 4 cold
// registers: status x4, temporary x5, area x0, base x1, stride x2, lanes x3

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
    ldr x5, [x4, #8]                         // cpu.lost += 1    # commit
    add x5, x5, #1                           // cpu.lost += 1    # commit
    str x5, [x4, #8]                         // cpu.lost += 1    # commit
3:
// bytes: 28 in the section, 120 in all
