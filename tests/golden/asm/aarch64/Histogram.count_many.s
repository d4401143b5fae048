// count_many(cpu: SortedBuckets, bucket: i64, n: i64):
//     check bucket < 4, or IndexError    # before the section
//     cpu.counts[bucket] += n
//     return
//
// aarch64, lanes by cpu_id: 11 instructions and 4 cold
// registers: status x6, temporary x7, temporary x8, area x0, base x1, stride x2, lanes x3, bucket x4, n x5

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x6, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
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
    add x8, x6, x4, lsl #3                   // cpu.counts[bucket] += n    # commit
    ldr x7, [x8, #48]                        // cpu.counts[bucket] += n    # commit
    add x7, x7, x5                           // cpu.counts[bucket] += n    # commit
    str x7, [x8, #48]                        // cpu.counts[bucket] += n    # commit
3:
// bytes: 32 in the section, 120 in all
