// count_nan(cpu: SortedBuckets, n: i64):
//     cpu.nans += n
//     return
//
// aarch64, lanes by cpu_id: 10 instructions and 4 cold
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
    ldr x6, [x5, #8]                         // cpu.nans += n    # commit
    add x6, x6, x4                           // cpu.nans += n    # commit
    str x6, [x5, #8]                         // cpu.nans += n    # commit
3:
// bytes: 28 in the section, 120 in all
