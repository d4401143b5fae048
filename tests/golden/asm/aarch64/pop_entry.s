// pop_entry(cpu: List, Entry.rows: u64, Entry.length: u64) -> index[Entry]:
//     first = cpu.first
//     if first != None goto else1
//     return None
//   else1:
//     %4 = first - 1
//     check %4 < Entry.length, or IndexError
//     %5 = u64(%4)
//     %6 = %5 << 4
//     %7 = address of the row first
//     %8 = first.next
//     cpu.first = %8
//     return first
//
// aarch64, lanes by cpu_id: 16 instructions and 8 cold
// registers: status x6, result x7, temporary x8, temporary x9, area x0, base x1, stride x2, lanes x3, Entry.rows x4, Entry.length x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // %result = None
    movz x7, #0                              // %result = None
    b 3f                                     // %result = None
102:                                         // Entry: index out of range
    mov x6, #-16                             // Entry: index out of range
    b 3f                                     // Entry: index out of range
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x6, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x6, 77b                             // restart
    add x6, x6, :lo12:77b                    // restart
    str x6, [x0, #8]                         // restart
2:                                           // restart
    ldr w6, [x0, #4]                         // this CPU's lane
    cmp w6, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x6, x6, x2, x1                      // this CPU's lane
    ldr w7, [x6]                             // first = cpu.first
    cbz x7, 101b                             // if first == None goto exit0
    sub w8, w7, #1                           // %4 = first - 1
    cmp x8, x5                               // check %4 < Entry.length, or IndexError
    b.hs 102b                                // check %4 < Entry.length, or IndexError
    lsl x8, x8, #4                           // %6 = %5 << 4
    add x8, x4, x8                           // %7 = address of the row first
    ldr w9, [x8]                             // %8 = first.next
    str w9, [x6]                             // cpu.first = %8    # commit
3:
// bytes: 52 in the section, 152 in all
