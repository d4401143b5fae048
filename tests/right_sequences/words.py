"""Words: counters, bits, packed numbers."""

from __future__ import annotations

TEXTS = {
    "bitmap: allocate": """
def f(cpu: Words) -> u64 | None:
    free = cpu.free
    if free == 0:
        return None
    cpu.free = free & (free - 1)
    return rseq.ctz(free)
""",
    "bitmap: release": """
def f(cpu: Words, bit: u64) -> bool:
    mask: u64 = 1
    mask <<= bit & 63
    free = cpu.free
    if free & mask:
        return False
    cpu.free = free | mask
    return True
""",
    "packed: count and sum": """
def f(cpu: Words, n: u32) -> None:
    cpu.packed += (1 << 40) + u64(n)
""",
    "packed: generation": """
def f(cpu: Words, wanted: u32, value: u32) -> bool:
    word = cpu.packed
    if word >> 32 != wanted:
        return False
    cpu.packed = ((word >> 32) + 1 << 32) | value
    return True
""",
    "smallest": """
def f(cpu: Words, x: i64) -> None:
    if x < cpu.low:
        cpu.low = x
""",
    "largest, or where it was": """
def f(cpu: Words, x: i64) -> i64:
    high = cpu.high
    new = x if x > high else high
    cpu.high = new
    return new
""",
    "smaller or larger": """
def f(cpu: Words, x: i64) -> None:
    if x < cpu.low:
        cpu.low = x
    elif x > cpu.high:
        cpu.high = x
""",
    "histogram": """
def f(cpu: Words, x: i64) -> None:
    cpu.bins[bin_of(x)] += 1
""",
    "histogram: halve a bin": """
def f(cpu: Words, k: i64) -> i64:
    n = cpu.bins[k & 7]
    cpu.bins[k & 7] = n // 2
    return n - n // 2
""",
    "token bucket": """
def f(cpu: Words, wanted: i64) -> bool:
    tokens = cpu.tokens
    if wanted < 0 or wanted > tokens:
        return False
    cpu.tokens = tokens - wanted
    return True
""",
    "token bucket: refill, no more than it holds": """
def f(cpu: Words, n: i64) -> i64:
    tokens = cpu.tokens + n
    if tokens > 100:
        tokens = 100
    cpu.tokens = tokens
    return tokens
""",
    "snapshot into a buffer": """
def f(cpu: Words, out: bytearray) -> None:
    for k in range(4):
        out[k] = u8(cpu.bins[k])
""",
    "snapshot into a row": """
def f(cpu: Words, out: ptr[Batch]) -> None:
    out.items[0] = cpu.count
    out.items[1] = cpu.sum
    out.size = 2
""",
    "snapshot and clear": """
def f(cpu: Words, out: ptr[Batch]) -> None:
    out.items[0] = cpu.count
    out.size = 1
    cpu.count = 0
""",
    "first empty bin": """
def f(cpu: Words, n: i64) -> i64:
    at: i64 = 8
    for k in range(8):
        if cpu.bins[k] == 0:
            at = k
            break
    if at == 8:
        return -1
    cpu.bins[at] = n
    return at
""",
    "mean": """
def f(cpu: Words, x: f64) -> f64:
    new = cpu.real * 0.5 + x * 0.5
    cpu.real = new
    return new
""",
    "once": """
def f(cpu: Words, x: i64) -> bool:
    if cpu.count != 0:
        return False
    cpu.count = x
    return x != 0
""",
    "a narrow number wraps": """
def f(cpu: Words, n: u16) -> u16:
    new = cpu.short + n
    cpu.short = new
    return new
""",
    "a length in two bytes": """
def f(cpu: Words, out: bytearray) -> None:
    n = cpu.free & 0xF00F
    out[0] = u8(n)
    out[1] = u8(n >> 8)
    for k in range(2):
        if n > k:
            out[2 + k] = u8(cpu.bins[k])
""",
    "a flag tells": """
def f(cpu: Words, out: ptr[Batch]) -> bool:
    n = cpu.count
    is_there = n > 0 and n != 7
    if n > 0 and n != 7:
        out.items[0] = n
    cpu.sum += 1
    return is_there
""",
    "which row is told": """
def f(cpu: Words, out: ptr[Batch]) -> i64:
    at = cpu.count & 3
    out.items[at] = cpu.sum
    cpu.count += 1
    return at
""",
}
