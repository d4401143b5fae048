"""Queues of numbers and of bytes."""

from __future__ import annotations

TEXTS = {
    "ring: put": """
def f(cpu: Ring, value: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head >= 4:
        return False
    cpu.slots[tail & 3] = value
    cpu.tail = tail + 1
    return True
""",
    "ring: get": """
def f(cpu: Ring) -> i64 | None:
    head = cpu.head
    if head == cpu.tail:
        return None
    value = cpu.slots[head % 4]
    cpu.head = head + 1
    return value
""",
    "ring: put, or count what is lost": """
def f(cpu: Ring, value: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head >= 4:
        cpu.lost += 1
        return False
    cpu.slots[tail & 3] = value
    cpu.tail = tail + 1
    return True
""",
    "ring: get into a row": """
def f(cpu: Ring, out: ptr[Batch]) -> bool:
    head = cpu.head
    if head == cpu.tail:
        return False
    out.items[0] = cpu.slots[head & 3]
    out.size = 1
    cpu.head = head + 1
    return True
""",
    "ring: put two": """
def f(cpu: Ring, a: i64, b: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head > 2:
        return False
    cpu.slots[tail & 3] = a
    cpu.slots[(tail + 1) & 3] = b
    cpu.tail = tail + 2
    return True
""",
    "ring: put the last one again": """
def f(cpu: Ring) -> bool:
    tail = cpu.tail
    used = tail - cpu.head
    if used == 0 or used >= 4:
        return False
    cpu.slots[tail & 3] = cpu.slots[(tail - 1) & 3] + 1
    cpu.tail = tail + 1
    return True
""",
    "ring: turn": """
def f(cpu: Ring) -> None:
    if cpu.head == cpu.tail:
        cpu.lost = 0
    else:
        cpu.head += 1
""",
    "log: reserve and write": """
def f(cpu: Log, data: bytes) -> u64 | None:
    at = cpu.used
    size = len(data)
    if at > 32 or size > 32 - at:
        return None
    rseq.copy(cpu.text[at], data, size)
    cpu.used = at + size
    return at
""",
    "log: a header and a body": """
def f(cpu: Log, data: bytes, kind: u8) -> bool:
    at = cpu.used
    size = len(data)
    if at > 30 or size > 30 - at:
        return False
    cpu.text[at] = kind
    cpu.text[at + 1] = u8(size)
    rseq.copy(cpu.text[at + 2], data, size)
    cpu.used = at + 2 + size
    return True
""",
    "log: or count what is lost": """
def f(cpu: Log, data: bytes) -> None:
    at = cpu.used
    size = len(data)
    if at > 32 or size > 32 - at:
        cpu.lost += 1
        return
    rseq.copy(cpu.text[at], data, size)
    cpu.used = at + size
""",
    "log: copy out and clear": """
def f(cpu: Log, out: bytearray) -> u64:
    used = cpu.used
    rseq.copy(out, cpu.text, used)
    cpu.used = 0
    return used
""",
    "log: copy out as much as there is room": """
def f(cpu: Log, out: bytearray) -> u64:
    size = cpu.used
    if size > len(out):
        size = len(out)
    rseq.copy(out, cpu.text, size)
    return size
""",
    "log: snapshot with its length in front": """
def f(cpu: Log, out: bytearray) -> None:
    used = cpu.used & 31
    out[0] = u8(used)
    rseq.copy(out[1], cpu.text, used)
""",
    "log: the whole text, always": """
def f(cpu: Log, out: bytearray) -> u64:
    rseq.copy(out, cpu.text, 32)
    return cpu.used
""",
    "log: one byte": """
def f(cpu: Log, value: u8) -> bool:
    at = cpu.used
    if at >= 32:
        return False
    cpu.text[at] = value
    cpu.used = at + 1
    return True
""",
    "log: double the last byte": """
def f(cpu: Log) -> bool:
    at = cpu.used
    if at == 0 or at >= 32:
        return False
    cpu.text[at] = cpu.text[at - 1]
    cpu.used = at + 1
    return True
""",
}
