"""Lists of rows."""

from __future__ import annotations

TEXTS = {
    "list: push": """
def f(cpu: Lists, node: ptr[Node], value: i64) -> None:
    node.value = value
    node.next = cpu.first
    cpu.first = node
""",
    "list: pop": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.first
    if node is None:
        return None
    cpu.first = node.next
    return node
""",
    "list: pop and copy out": """
def f(cpu: Lists, out: ptr[Batch]) -> bool:
    node = cpu.first
    if node is None:
        return False
    out.items[0] = node.value
    cpu.first = node.next
    return True
""",
    "list: pop into a row of its kind": """
def f(cpu: Lists, out: ptr[Node]) -> bool:
    node = cpu.first
    if node is None or node == out:
        return False
    out.value = node.value
    cpu.first = node.next
    return True
""",
    "list: unlink the second": """
def f(cpu: Lists) -> bool:
    node = cpu.first
    if node is None:
        return False
    second = node.next
    if second is None:
        return False
    node.next = second.next
    return True
""",
    "list: push two": """
def f(cpu: Lists, one: ptr[Node], two: ptr[Node]) -> None:
    one.next = two
    two.next = cpu.first
    cpu.first = one
""",
    "list: insert behind the first": """
def f(cpu: Lists, node: ptr[Node]) -> bool:
    first = cpu.first
    if first is None or first == node:
        return False
    node.next = first.next
    first.next = node
    return True
""",
    "list: take all": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.first
    cpu.first = None
    return node
""",
    "list: depth in each node": """
def f(cpu: Lists, node: ptr[Node]) -> bool:
    first = cpu.first
    if first == node:
        return False
    depth: i64 = 1
    if first is not None:
        depth = first.value + 1
    node.value = depth
    node.next = first
    cpu.first = node
    return True
""",
    "list: third": """
def f(cpu: Lists) -> i64:
    node = cpu.first
    for _ in range(2):
        if node is None:
            return -1
        node = node.next
    if node is None:
        return -1
    return node.value
""",
    "list: free list, then used": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.free
    if node is None:
        node = cpu.first
        if node is None:
            return None
        cpu.first = node.next
        return node
    cpu.free = node.next
    return node
""",
    "list: one of two rows, both made ready": """
def f(cpu: Lists, one: ptr[Node], two: ptr[Node], value: i64) -> None:
    one.value = value
    two.value = value
    if cpu.length & 1:
        cpu.first = one
    else:
        cpu.first = two
""",
    "list: element that the lane says, after all": """
def f(cpu: Lists, node: ptr[Node]) -> None:
    at = cpu.length & 1
    node.pair[0] = 0
    node.pair[1] = 0
    node.pair[at] = 1
    cpu.first = node
""",
    "list: other half of a found row": """
def f(cpu: Lists, n: i64) -> bool:
    node = cpu.first
    if node is None:
        return False
    which = node.which & 1
    node.halves[1 - which] = node.halves[which] + n
    node.which = 1 - which
    return True
""",
    "list: swap by parameters": """
def f(cpu: Lists, node: ptr[Node], i: u32, j: u32) -> None:
    i &= 1
    j &= 1
    if i == j:
        return
    node.pair[j] = node.pair[i] * 2
    cpu.first = node
""",
}
