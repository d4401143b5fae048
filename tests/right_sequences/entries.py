"""Rows by number."""

from __future__ import annotations

TEXTS = {
    "entries: push": """
def f(cpu: Numbers, entry: index[Entry], value: i64) -> None:
    entry.value = value
    entry.next = cpu.first
    cpu.first = entry
""",
    "entries: pop": """
def f(cpu: Numbers) -> index[Entry]:
    entry = cpu.first
    if entry is None:
        return None
    cpu.first = entry.next
    return entry
""",
    "entries: push into a bucket": """
def f(cpu: Numbers, entry: index[Entry], key: u32) -> None:
    slot = key & 3
    entry.tag = key
    entry.next = cpu.buckets[slot]
    cpu.buckets[slot] = entry
""",
    "entries: look one up": """
def f(cpu: Numbers, key: u32) -> i64:
    entry = cpu.buckets[key & 3]
    for _ in range(3):
        if entry is None:
            break
        if entry.tag == key:
            return entry.value
        entry = entry.next
    return -1
""",
    "entries: count up in a bucket": """
def f(cpu: Numbers, key: u32) -> bool:
    entry = cpu.buckets[key & 3]
    for _ in range(2):
        if entry is None:
            return False
        if entry.tag == key:
            entry.value += 1
            return True
        entry = entry.next
    return False
""",
    "entries: unless it is the first": """
def f(cpu: Numbers, entry: index[Entry]) -> bool:
    first = cpu.first
    if first == entry or first is None:
        return False
    entry.value = first.value + 1
    entry.next = first
    cpu.first = entry
    return True
""",
}
