// update_max(cpu: Extreme, x: f64):
//     %4 = cpu.value
//     if x > %4 goto holds5
//     goto else1
//   holds5:
//     cpu.value = x
//     goto endif2
//   else1:
//     if x != -inf goto else6
//     cpu.touched = 1.0
//   else6:
//   endif2:
//     return
//
// aarch64, lanes by cpu_id: 22 instructions and 4 cold
// registers: status x4, temporary v1, temporary x5, area x0, base x1, stride x2, lanes x3, x v0

    .subsection 1
    .balign 8                                // %constant1 = -inf
104:                                         // %constant1 = -inf
    .byte 0, 0, 0, 0, 0, 0, 240, 255         // %constant1 = -inf
    .balign 8                                // %commit = 1.0
106:                                         // %commit = 1.0
    .byte 0, 0, 0, 0, 0, 0, 240, 63          // %commit = 1.0
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
    ldr d1, [x4]                             // %4 = cpu.value
    fcmp d0, d1                              // if x > %4 goto holds5
    b.gt 101f                                // if x > %4 goto holds5
    b 102f                                   // goto else1
101:
    add x5, x4, #0                           // %commit.at = address of cpu.value
    fmov d1, d0                              // %commit = x
    b 103f                                   // goto commit
102:
    ldr d1, 104b                             // %constant1 = -inf
    fcmp d0, d1                              // if x != %constant1 goto else6
    b.ne 105f                                // if x != %constant1 goto else6
    add x5, x4, #8                           // %commit.at = address of cpu.touched
    ldr d1, 106b                             // %commit = 1.0
    b 103f                                   // goto commit
105:
    b 3f                                     // goto end
103:
    str d1, [x5]                             // cpu.value or cpu.touched = %commit    # commit
3:
// bytes: 76 in the section, 184 in all
