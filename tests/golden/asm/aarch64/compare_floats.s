// compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
//     if x < y goto else1
//     if x == y goto else1
//     %5 = False
//     if x == y goto decided7
//     if x >= y goto holds10
//     goto known6
//   holds10:
//   decided7:
//     %5 = True
//   known6:
//     cpu.is_set = %5
//   else1:
//     %11 = False
//     if x > y goto holds14
//     goto known12
//   holds14:
//     %11 = True
//   known12:
//     return %11
//
// aarch64, lanes by cpu_id: 31 instructions and 4 cold
// registers: status x4, result x5, temporary x6, area x0, base x1, stride x2, lanes x3, x v0, y v1

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
    fcmp d0, d1                              // if x < y goto else1
    b.mi 101f                                // if x < y goto else1
    fcmp d0, d1                              // if x == y goto else1
    b.eq 101f                                // if x == y goto else1
    movz x6, #0                              // %5 = False
    fcmp d0, d1                              // if x == y goto decided7
    b.eq 102f                                // if x == y goto decided7
    fcmp d0, d1                              // if x >= y goto holds10
    b.ge 103f                                // if x >= y goto holds10
    b 104f                                   // goto known6
103:
102:
    mov x6, #1                               // %5 = True
104:
    movz x5, #0                              // %11 = False
    fcmp d0, d1                              // if x > y goto holds14.10
    b.gt 105f                                // if x > y goto holds14.10
    b 106f                                   // goto known12.10
105:
    mov x5, #1                               // %11 = True
106:
    b 107f                                   // goto commit
101:
    movz x5, #0                              // %11 = False
    fcmp d0, d1                              // if x > y goto holds14
    b.gt 108f                                // if x > y goto holds14
    b 109f                                   // goto known12
108:
    mov x5, #1                               // %11 = True
109:
    b 3f                                     // goto end
107:
    strb w6, [x4, #36]                       // cpu.is_set = %5    # commit
3:
// bytes: 112 in the section, 184 in all
