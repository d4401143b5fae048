// spread(cpu: Numbers, n: i64):
//     %4 = cpu.least
//     if n >= %4 goto else1
//     cpu.least = n
//     goto endif2
//   else1:
//     %8 = cpu.most
//     if n <= %8 goto else5
//     cpu.most = n
//   else5:
//   endif2:
//     return
//
// aarch64, lanes by cpu_id: 19 instructions and 4 cold
// registers: status x5, temporary x6, area x0, base x1, stride x2, lanes x3, n x4

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
    ldr x6, [x5]                             // %4 = cpu.least
    cmp x4, x6                               // if n >= %4 goto else1
    b.ge 101f                                // if n >= %4 goto else1
    add x6, x5, #0                           // %commit.at = address of cpu.least
    b 102f                                   // goto commit
101:
    ldr x6, [x5, #8]                         // %8 = cpu.most
    cmp x4, x6                               // if n <= %8 goto else5
    b.le 103f                                // if n <= %8 goto else5
    add x6, x5, #8                           // %commit.at = address of cpu.most
    b 102f                                   // goto commit
103:
    b 3f                                     // goto end
102:
    str x4, [x6]                             // cpu.least or cpu.most = n    # commit
3:
// bytes: 64 in the section, 152 in all
