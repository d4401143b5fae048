// tally_hash(cpu: Numbers, key: u64):
//     %1 = key * 11400714819323198485
//     %2 = %1 >> 61
//     check %2 < 8, or IndexError
//     cpu.table[key * 11400714819323198485 >> 61] += 1
//     return
//
// aarch64, lanes by cpu_id: 19 instructions and 6 cold
// registers: status x5, temporary x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, key x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // cpu.table: index out of range
    mov x5, #-16                             // cpu.table: index out of range
    b 3f                                     // cpu.table: index out of range
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
    movz x6, #31765                          // %constant1 = 11400714819323198485
    movk x6, #32586, lsl #16                 // %constant1 = 11400714819323198485
    movk x6, #31161, lsl #32                 // %constant1 = 11400714819323198485
    movk x6, #40503, lsl #48                 // %constant1 = 11400714819323198485
    mul x7, x4, x6                           // %1 = key * %constant1
    lsr x7, x7, #61                          // %2 = %1 >> 61
    cmp x7, #8                               // check %2 < 8, or IndexError
    b.hs 101b                                // check %2 < 8, or IndexError
    add x8, x5, x7, lsl #3                   // cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    ldr x6, [x8, #48]                        // cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    add x6, x6, #1                           // cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
    str x6, [x8, #48]                        // cpu.table[key * 11400714819323198485 >> 61] += 1    # commit
3:
// bytes: 64 in the section, 152 in all
