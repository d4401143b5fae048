"""What a restart would do twice, and where a sequence stores."""

from __future__ import annotations

from mendings.made import module, sequence

_AFTER = (
    "make the first store preparation (a `prepared` field) and let one store commit, "
    "or pack both into the one word that is committed."
)
_TWO = (
    "write two sequences, and a @rseq.routine that calls both, if a reader may see one store without the other; "
    "or pack both into the one word that is committed."
)
_TURN = (
    "write a sequence for one turn, and loop in a @rseq.routine that calls it; "
    "or leave the loop after the commit, with `break`"
)
_TURN_PREPARED = f"{_TURN}; or make these stores preparation (a `prepared` field), and commit after the loop."
_NEW = "keep the new value in a local and commit it, or store it where nothing reads it before the commit."
_FOUND = "store to another field: to compare them is not enough, as a restart may find other rows."

ROWS = [
    sequence("cpu.count = m\ncpu.total = n", _AFTER, "cpu.latest = m\ncpu.total = n", "cpu.count = (m << 40) + n"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += 1
            cpu.counts[n & 7] += 1
        """,
        _TWO,
        """
        @rseq.sequence
        def count(cpu: Items) -> None:
            cpu.count += 1

        @rseq.sequence
        def sort(cpu: Items, n: i64) -> None:
            cpu.counts[n & 7] += 1

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            count(cpu)
            sort(cpu, n)
        """,
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += 1 << 8 * (n & 7)
        """,
    ),
    sequence("count = cpu.count\ncpu.count = count + 1\ncpu.total = n", _TWO, "cpu.count += (1 << 40) + n"),
    # ---- a commit in each turn of a loop
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            for i in range(8):
                cpu.counts[i] += n
        """,
        f"{_TURN}.",
        """
        @rseq.sequence
        def add_one(cpu: Items, i: i64, n: i64) -> None:
            cpu.counts[i] += n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            for i in range(8):
                add_one(cpu, i, n)
        """,
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            for i in range(8):
                cpu.counts[i] += n
                break
        """,
    ),
    sequence(
        """
        for i in range(8):
            if cpu.counts[i] == 0:
                cpu.counts[i] = n
        """,
        f"{_TURN}.",
        """
        for i in range(8):
            if cpu.counts[i] == 0:
                cpu.counts[i] = n
                break
        """,
    ),
    sequence(
        """
        for i in range(8):
            cpu.counts[i] = n
        """,
        _TURN_PREPARED,
        """
        for i in range(8):
            cpu.slots[i] = n
        cpu.count = 8
        """,
    ),
    sequence(
        """
        for i in range(3):
            m = cpu.counts[i]
            if i == 1:
                cpu.total = m
        """,
        "leave the loop after the commit, with `break`, or commit after the loop.",
        """
        for i in range(3):
            m = cpu.counts[i]
            if i == 1:
                cpu.total = m
                break
        """,
        """
        kept = 0
        for i in range(3):
            m = cpu.counts[i]
            if i == 1:
                kept = m
        cpu.total = kept
        """,
    ),
    sequence(
        "cpu.count += 1\nreturn cpu.count",
        "load into a local before the commit.",
        "count = cpu.count + 1\ncpu.count = count\nreturn count",
        result="i64",
    ),
    sequence(
        """
        count = cpu.count
        cpu.count = 0
        if count > n:
            return None
        return count
        """,
        "return None on the paths that commit nothing, and a value on those that do.",
        """
        count = cpu.count
        if count > n:
            return None
        cpu.count = 0
        return count
        """,
        """
        count = cpu.count
        cpu.count = 0
        if count > n:
            return -1
        return count
        """,
        result="i64 | None",
    ),
    sequence(
        "rseq.copy(cpu.label, data, 16)\ncpu.count = 16",
        "copy to a `prepared` field, and commit afterwards with one store that says where to look.",
        "rseq.copy(cpu.text, data, 16)\ncpu.count = 16",
    ),
    sequence(
        "if n < 10:\n    cpu.small = 1\nelse:\n    cpu.count = n",
        "commit to fields of one width and kind, or write two sequences.",
        "if n < 10:\n    cpu.total = 1\nelse:\n    cpu.count = n",
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64, x: f64) -> None:
            if n < 10:
                cpu.average = x
            else:
                cpu.count = n
        """,
        "commit to fields of one width and kind, or write two sequences.",
        """
        @rseq.sequence
        def store_average(cpu: Items, x: f64) -> None:
            cpu.average = x

        @rseq.sequence
        def store_count(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64, x: f64) -> None:
            if n < 10:
                store_average(cpu, x)
            else:
                store_count(cpu, n)
        """,
    ),
    # ---- what was read is overwritten
    sequence("cpu.latest += 1\ncpu.count = cpu.latest", _NEW, "cpu.count = cpu.latest + 1"),
    sequence(
        "cpu.slots[n] = cpu.slots[m] + 1\ncpu.count = n",
        _NEW,
        "cpu.count = cpu.slots[m] + 1",
        "cpu.slots[n] = cpu.latest + 1\ncpu.count = n",
    ),
    sequence("node.value += 1\ncpu.first = node", _NEW, "node.value = node.depth + 1\ncpu.first = node"),
    sequence("out[n] = out[m] + 1", _NEW, "cpu.count = i64(out[m]) + 1"),
    # ---- two rows that may be one
    sequence(
        """
        first = cpu.first
        if first is not None:
            node.value = first.value + 1
            cpu.first = node
        """,
        "leave if they are the same row, as in `if first == node`, or store to another field.",
        """
        first = cpu.first
        if first == node:
            return
        if first is not None:
            node.value = first.value + 1
            cpu.first = node
        """,
        """
        first = cpu.first
        if first is not None:
            node.depth = first.value + 1
            cpu.first = node
        """,
    ),
    sequence(
        """
        first = cpu.entry
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        "leave if they are the same row, as in `if first == entry`, or store to another field.",
        """
        first = cpu.entry
        if first == entry:
            return
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        """
        first = cpu.entry
        entry.depth = first.value + 1
        cpu.entry = entry
        """,
    ),
    sequence(
        """
        entry.value = cpu.entry.value + 1
        cpu.entry = entry
        """,
        "load the pointer into a local, compare it, and leave if they are the same row; or store elsewhere.",
        """
        first = cpu.entry
        if first == entry:
            return
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        """
        entry.depth = cpu.entry.value + 1
        cpu.entry = entry
        """,
    ),
    sequence(
        """
        first = cpu.first
        if first is None:
            return
        first.marks[0] = node.marks[0] + 1
        cpu.count = 1
        """,
        "leave if they are the same row, as in `if node == first`, or store to another field.",
        """
        first = cpu.first
        if first is None:
            return
        if node == first:
            return
        first.marks[0] = node.marks[0] + 1
        cpu.count = 1
        """,
        """
        first = cpu.first
        if first is None:
            return
        first.marks[1] = node.marks[0] + 1
        cpu.count = 1
        """,
    ),
    sequence(
        """
        first = cpu.first
        second = cpu.second
        if first is None or second is None:
            return
        first.marks[0] = second.marks[0] + 1
        cpu.count = 1
        """,
        _FOUND,
        """
        first = cpu.first
        second = cpu.second
        if first is None or second is None:
            return
        first.marks[1] = second.marks[0] + 1
        cpu.count = 1
        """,
    ),
    module(
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.value = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
        "leave if they are the same row, as in `if first == node`, or store to another field.",
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.value = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            if first == node:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.depth = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
    ),
    sequence(
        """
        row = node if cpu.total & 1 else other
        first = cpu.first
        if first is None:
            return
        row.value = first.value
        cpu.first = row
        """,
        _FOUND,
        """
        first = cpu.first
        if first is None:
            return
        node.depth = first.value
        other.depth = first.value
        row = node if cpu.total & 1 else other
        cpu.first = row
        """,
    ),
    sequence(
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        row.value = first.value
        cpu.first = row
        """,
        "leave if they are the same row, as in `if first == row`, or store to another field.",
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        if first == row:
            return
        row.value = first.value
        cpu.first = row
        """,
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        row.depth = first.value
        cpu.first = row
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.value = other.value + 1
            cpu.first = node
        """,
        "leave out may_alias, and the same row is refused before the section; or store to another field.",
        """
        @rseq.sequence
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.value = other.value + 1
            cpu.first = node
        """,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.depth = other.value + 1
            cpu.first = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node], n: i64) -> None:
            node.value = n
            cpu.next = node
        """,
        _AFTER,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node], n: i64) -> None:
            node.marks[0] = n
            cpu.next = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[0] = cpu.marks[0] + 1
            cpu.next = node
        """,
        "leave out may_alias, and the same row is refused before the section; or store to another field.",
        """
        @rseq.sequence
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[0] = cpu.marks[0] + 1
            cpu.next = node
        """,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[1] = cpu.marks[0] + 1
            cpu.next = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, one: bytearray, other: bytearray) -> None:
            one[0] = other[0] + 1
            cpu.count = 1
        """,
        "leave out may_alias, and buffers that overlap are refused before the section.",
        """
        @rseq.sequence
        def f(cpu: Items, one: bytearray, other: bytearray) -> None:
            one[0] = other[0] + 1
            cpu.count = 1
        """,
    ),
]
