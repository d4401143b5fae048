// write(cpu: Ring, value: u32) -> bool:
//     written = cpu.written
//     %4 = cpu.read
//     %5 = written - %4
//     if %5 != 256 goto else1
//     return False
//   else1:
//     %6 = written % 256
//     check %6 < 256, or IndexError
//     cpu.data[written % 256] = value
//     %7 = written + 1
//     cpu.written = %7
//     return True
//
// aarch64, lanes by cpu_id: 20 instructions and 8 cold
// registers: status x5, result x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, value x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
    movz x6, #0                              // %result = False
    b 3f                                     // %result = False
102:                                         // cpu.data: index out of range
    mov x5, #-16                             // cpu.data: index out of range
    b 3f                                     // cpu.data: index out of range
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
    ldr x6, [x5, #8]                         // %4 = cpu.read
    sub x8, x7, x6                           // %5 = written - %4
    cmp x8, #256                             // if %5 == 256 goto exit0
    b.eq 101b                                // if %5 == 256 goto exit0
    and x6, x7, #255                         // %6 = written & 255
    cmp x6, #256                             // check %6 < 256, or IndexError
    b.hs 102b                                // check %6 < 256, or IndexError
    add x8, x5, x6, lsl #2                   // cpu.data[written % 256] = value
    str w4, [x8, #24]                        // cpu.data[written % 256] = value
    add x7, x7, #1                           // %7 = written + 1
    mov x6, #1                               // %result = True
    str x7, [x5]                             // cpu.written = %7    # commit
3:
// bytes: 68 in the section, 152 in all
