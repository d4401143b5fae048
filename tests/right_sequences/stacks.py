"""Stacks of numbers, as the slabs of tcmalloc."""

from __future__ import annotations

TEXTS = {
    "push": """
def f(cpu: Slab, value: i64) -> bool:
    n = cpu.count
    if n < 0 or n >= 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True
""",
    "pop": """
def f(cpu: Slab) -> i64 | None:
    n = cpu.count
    if n <= 0 or n > 8:
        return None
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value
""",
    "pop into a row": """
def f(cpu: Slab, out: ptr[Batch]) -> bool:
    n = cpu.count
    if n <= 0 or n > 8:
        return False
    out.items[0] = cpu.slots[n - 1]
    cpu.count = n - 1
    return True
""",
    "push two": """
def f(cpu: Slab, a: i64, b: i64) -> bool:
    n = cpu.count
    if n < 0 or n > 6:
        return False
    cpu.slots[n] = a
    cpu.slots[n + 1] = b
    cpu.count = n + 2
    return True
""",
    "push a batch": """
def f(cpu: Slab, batch: ptr[Batch]) -> i64:
    n = cpu.count
    if n < 0 or n > 4:
        return 0
    for k in range(4):
        cpu.slots[n + k] = batch.items[k]
    cpu.count = n + 4
    return 4
""",
    "push what fits of a batch": """
def f(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n < 0 or n >= 8:
        return 0
    pushed: i64 = 0
    for k in range(3):
        if k < size and n + k < 8:
            cpu.slots[n + k] = batch.items[k]
            pushed = k + 1
    cpu.count = n + pushed
    return pushed
""",
    "pop what there is into a batch": """
def f(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n <= 0 or n > 8:
        return 0
    popped: i64 = 0
    for k in range(3):
        if k >= size or k >= n:
            break
        batch.items[k] = cpu.slots[n - 1 - k]
        popped = k + 1
    cpu.count = n - popped
    return popped
""",
    "pop, and note how many": """
def f(cpu: Slab, batch: ptr[Batch]) -> None:
    n = cpu.count
    if n <= 0 or n > 8:
        return
    left = n
    if n >= 2:
        batch.items[0] = cpu.slots[n - 1]
        batch.items[1] = cpu.slots[n - 2]
        left = n - 2
    batch.size = n
    cpu.count = left
""",
    "push one more than what is on top": """
def f(cpu: Slab) -> bool:
    n = cpu.count
    if n < 1 or n > 7:
        return False
    cpu.slots[n] = cpu.slots[n - 1] + 1
    cpu.count = n + 1
    return True
""",
    "push through an inline function": """
def f(cpu: Slab, value: i64) -> bool:
    return append(cpu, value * 2)
""",
    "push the smaller one": """
def f(cpu: Slab, a: i64, b: i64) -> bool:
    return append(cpu, smaller(a, b))
""",
    "duplicate an element": """
def f(cpu: Slab, at: i64) -> bool:
    n = cpu.count
    if at < 0 or at >= n or n >= 8:
        return False
    value = cpu.slots[at]
    if at == n:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True
""",
    "sum of what is there": """
def f(cpu: Slab) -> i64:
    n = cpu.count
    total: i64 = 0
    for k in range(8):
        if k >= n:
            break
        total += cpu.slots[k]
    return total
""",
    "find a number": """
def f(cpu: Slab, wanted: i64) -> i64:
    n = cpu.count
    found: i64 = -1
    for k in range(8):
        if k < n and cpu.slots[k] == wanted:
            found = k
            break
    return found
""",
}
