// add_to_first(cpu: Head, n: i64) -> bool:
//     first = cpu.first
//     if first != None goto else1
//     return False
//   else1:
//     first.value += n
//     return True
//
// aarch64, lanes by cpu_id: 13 instructions and 6 cold
// registers: status x5, result x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, n x4

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x5, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = False
    movz x6, #0                              // %result = False
    b 3f                                     // %result = False
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
    ldr x7, [x5]                             // first = cpu.first
    cbz x7, 101b                             // if first == None goto exit0
    mov x6, #1                               // %result = True
    ldr x8, [x7, #8]                         // first.value += n    # commit
    add x8, x8, x4                           // first.value += n    # commit
    str x8, [x7, #8]                         // first.value += n    # commit
3:
// bytes: 40 in the section, 120 in all
