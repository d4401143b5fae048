// reserve(cpu: Ring, size: u64) -> bool:
//     written = cpu.written
//     %4 = written + size
//     %5 = cpu.read
//     %6 = %4 - %5
//     if %6 <= 256 goto else1
//     cpu.lost += 1
//     return False
//   else1:
//     %7 = written + size
//     cpu.written = %7
//     return True
//
// aarch64, lanes by cpu_id: 22 instructions and 4 cold
// registers: status x5, result x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, size x4

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
    ldr x7, [x5]                             // written = cpu.written
    add x6, x7, x4                           // %4 = written + size
    ldr x8, [x5, #8]                         // %5 = cpu.read
    sub x6, x6, x8                           // %6 = %4 - %5
    cmp x6, #256                             // if %6 <= 256 goto else1
    b.ls 101f                                // if %6 <= 256 goto else1
    ldr x7, [x5, #16]                        // %commit = cpu.lost
    add x7, x7, #1                           // %commit = %commit + 1
    add x8, x5, #16                          // %commit.at = address of cpu.lost
    movz x6, #0                              // %result = False
    b 102f                                   // goto commit
101:
    add x7, x7, x4                           // %7 = written + size
    add x8, x5, #0                           // %commit.at = address of cpu.written
    mov x6, #1                               // %result = True
102:
    str x7, [x8]                             // cpu.lost or cpu.written = %commit    # commit
3:
// bytes: 76 in the section, 152 in all
