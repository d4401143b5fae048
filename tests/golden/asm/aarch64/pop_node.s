// pop_node(cpu: Head) -> ptr[Node]:
//     first = cpu.first
//     if first != None goto else1
//     return None
//   else1:
//     %4 = first.next
//     cpu.first = %4
//     return first
//
// aarch64, lanes by cpu_id: 11 instructions and 6 cold
// registers: status x4, result x5, temporary x6, area x0, base x1, stride x2, lanes x3

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = None
    movz x5, #0                              // %result = None
    b 3f                                     // %result = None
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
    ldr x5, [x4]                             // first = cpu.first
    cbz x5, 101b                             // if first == None goto exit0
    ldr x6, [x5]                             // %4 = first.next
    str x6, [x4]                             // cpu.first = %4    # commit
3:
// bytes: 32 in the section, 120 in all
