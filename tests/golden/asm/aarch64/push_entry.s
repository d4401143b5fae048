// push_entry(cpu: List, entry: index[Entry], value: i64, Entry.rows: u64, Entry.length: u64):
//     %1 = entry - 1
//     check %1 < Entry.length, or IndexError
//     %2 = u64(%1)
//     %3 = %2 << 4
//     %4 = address of the row entry
//     %5 = cpu.first
//     entry.next = %5
//     entry.value = value
//     cpu.first = entry
//     return
//
// aarch64, lanes by cpu_id: 16 instructions and 6 cold
// registers: status x8, temporary x9, temporary x10, area x0, base x1, stride x2, lanes x3, entry x4, value x5, Entry.rows x6, Entry.length x7

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x8, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // Entry: index out of range
    mov x8, #-16                             // Entry: index out of range
    b 3f                                     // Entry: index out of range
    .inst 0xd428bc00                         // abort
4:                                           // abort
    mov x8, #-2                              // abort
    b 3f                                     // abort
    .balign 32                               // struct rseq_cs
77:
    .long 0, 0                               // struct rseq_cs
    .quad 2f, 3f - 2f, 4b                    // struct rseq_cs
    .previous
1:                                           // restart
    adrp x8, 77b                             // restart
    add x8, x8, :lo12:77b                    // restart
    str x8, [x0, #8]                         // restart
2:                                           // restart
    ldr w8, [x0, #4]                         // this CPU's lane
    cmp w8, w3                               // this CPU's lane
    b.hs 9b                                  // this CPU's lane
    madd x8, x8, x2, x1                      // this CPU's lane
    sub w9, w4, #1                           // %1 = entry - 1
    cmp x9, x7                               // check %1 < Entry.length, or IndexError
    b.hs 101b                                // check %1 < Entry.length, or IndexError
    lsl x9, x9, #4                           // %3 = %2 << 4
    add x9, x6, x9                           // %4 = address of the row entry
    ldr w10, [x8]                            // %5 = cpu.first
    str w10, [x9]                            // entry.next = %5
    str x5, [x9, #8]                         // entry.value = value
    str w4, [x8]                             // cpu.first = entry    # commit
3:
// bytes: 52 in the section, 152 in all
