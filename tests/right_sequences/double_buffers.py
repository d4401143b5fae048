"""Double buffers: the word that is committed says which half counts."""

from __future__ import annotations

TEXTS = {
    "double: one minus": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which & 1
    cpu.halves[1 - which] = cpu.halves[which] + n
    cpu.which = 1 - which
""",
    "double: exclusive or": """
def f(cpu: Double, n: i64) -> i64:
    which = cpu.which & 1
    new = cpu.halves[which] + n
    cpu.halves[which ^ 1] = new
    cpu.which = which ^ 1
    return new
""",
    "double: counts up": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which
    cpu.halves[(which + 1) & 1] = cpu.halves[which & 1] * 3 + n
    cpu.which = which + 1
""",
    "double: four of eight": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which & 1
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = cpu.pairs[which * 4 + k] + n
    cpu.which = 1 - which
""",
    "double: halves of a text": """
def f(cpu: Double, value: u8) -> None:
    which = u64(cpu.which & 1)
    rseq.copy(cpu.text[(1 - which) * 8], cpu.text[which * 8], 8)
    cpu.which = i64(1 - which)
""",
    "double: by branches": """
def f(cpu: Double, n: i64) -> None:
    if cpu.which & 1:
        cpu.halves[0] = cpu.halves[1] + n
        cpu.which = 0
    else:
        cpu.halves[1] = cpu.halves[0] + n
        cpu.which = 1
""",
    "double: change one of four": """
def f(cpu: Double, i: i64, value: i64) -> None:
    which = cpu.which & 1
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = value if k == i else cpu.pairs[which * 4 + k]
    cpu.which = 1 - which
""",
    "double: swap two of four": """
def f(cpu: Double, i: i64, j: i64) -> None:
    which = cpu.which & 1
    x = i & 3
    y = j & 3
    if x == y:
        return
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = cpu.pairs[which * 4 + (y if k == x else x if k == y else k)]
    cpu.which = 1 - which
""",
    "double: a message": """
def f(cpu: Double, data: bytes) -> bool:
    half = u64((cpu.which + 1) & 1)
    if len(data) != 8:
        return False
    rseq.copy(cpu.text[half * 8], data, 8)
    cpu.which = i64(half)
    return True
""",
}
