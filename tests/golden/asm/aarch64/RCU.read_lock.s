// read_lock(cpu: Readers) -> i64:
//     phase = cpu.phase
//     check phase < 2, or IndexError
//     cpu.begun[phase] += 1
//     return phase
//
// aarch64, lanes by cpu_id: 14 instructions and 6 cold
// registers: status x4, result x5, temporary x6, temporary x7, area x0, base x1, stride x2, lanes x3

    .subsection 1
9:                                           // this CPU has no lane, or this thread is not registered
    mov x4, #-1                              // this CPU has no lane, or this thread is not registered
    b 3f                                     // this CPU has no lane, or this thread is not registered
101:                                         // cpu.begun: index out of range
    mov x4, #-16                             // cpu.begun: index out of range
    b 3f                                     // cpu.begun: index out of range
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
    ldr x5, [x4]                             // phase = cpu.phase
    cmp x5, #2                               // check phase < 2, or IndexError
    b.hs 101b                                // check phase < 2, or IndexError
    add x7, x4, x5, lsl #3                   // cpu.begun[phase] += 1    # commit
    ldr x6, [x7, #8]                         // cpu.begun[phase] += 1    # commit
    add x6, x6, #1                           // cpu.begun[phase] += 1    # commit
    str x6, [x7, #8]                         // cpu.begun[phase] += 1    # commit
3:
// bytes: 44 in the section, 120 in all
