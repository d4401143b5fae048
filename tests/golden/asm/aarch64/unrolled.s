// unrolled(cpu: Numbers, key: i64) -> i64:
//     found = -1
//     %5 = cpu.table[i]
//     if %5 != key goto else2
//     found = 0
//     goto done1
//   else2:
//     %9 = cpu.table[i]
//     if %9 != key goto else6
//     found = 1
//     goto done1
//   else6:
//     %13 = cpu.table[i]
//     if %13 != key goto else10
//     found = 2
//     goto done1
//   else10:
//     %17 = cpu.table[i]
//     if %17 != key goto else14
//     found = 3
//     goto done1
//   else14:
//   done1:
//     return found
//
// aarch64, lanes by cpu_id: 27 instructions and 4 cold
// registers: status x5, result x6, temporary x7, area x0, base x1, stride x2, lanes x3, key x4

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
    movn x6, #0                              // found = -1
    ldr x7, [x5, #48]                        // %5 = cpu.table[i]
    cmp x7, x4                               // if %5 != key goto else2
    b.ne 101f                                // if %5 != key goto else2
    movz x6, #0                              // found = 0
    b 102f                                   // goto done1
101:
    ldr x7, [x5, #56]                        // %9 = cpu.table[i]
    cmp x7, x4                               // if %9 != key goto else6
    b.ne 103f                                // if %9 != key goto else6
    mov x6, #1                               // found = 1
    b 102f                                   // goto done1
103:
    ldr x7, [x5, #64]                        // %13 = cpu.table[i]
    cmp x7, x4                               // if %13 != key goto else10
    b.ne 104f                                // if %13 != key goto else10
    mov x6, #2                               // found = 2
    b 102f                                   // goto done1
104:
    ldr x7, [x5, #72]                        // %17 = cpu.table[i]
    cmp x7, x4                               // if %17 != key goto else14
    b.ne 105f                                // if %17 != key goto else14
    mov x6, #3                               // found = 3
105:
102:
3:
// bytes: 96 in the section, 184 in all
