"""What an interrupted run leaves, and pointers that may be None."""

from __future__ import annotations

from mendings.made import routine, sequence

_PLACE = (
    "let parameters choose the place, or store to all the places that it may be; or mark the field `prepared`, if "
    "readers look only where another field of the row tells them to."
)
_TELL = (
    "store to it on every path; or return what decides, so that the caller knows which part of `{}` "
    "this run has stored."
)
_ELSEWHERE = (
    "let parameters choose the place, or store to all the places that it may be; or return what decides, "
    "so that the caller knows which part of `{}` this run has stored."
)
_BY_WORD = "choose both places by the word that is committed (for example, the half that is not in use)"
_ROW = (
    "read from where this run has stored, let parameters choose the place, or store to all the places that it may be."
)

ROWS = [
    # ---- what an interrupted run leaves
    sequence(
        """
        if n > cpu.count:
            node.value = n
        node.next = cpu.first
        cpu.first = node
        """,
        "store to it on every path that leads there: choose the value first, and store that.",
        """
        most = cpu.count
        node.value = n if n > most else most
        node.next = cpu.first
        cpu.first = node
        """,
    ),
    sequence(
        """
        if n > cpu.total:
            cpu.latest = n
        cpu.count = cpu.latest
        """,
        "store to it on every path that leads there: choose the value first, and store that.",
        """
        most = cpu.total
        latest = n if n > most else most
        cpu.latest = latest
        cpu.count = latest
        """,
    ),
    sequence(
        "node.votes[cpu.total & 3] = 1\ncpu.first = node",
        _PLACE,
        "node.votes[n] = 1\ncpu.first = node",
        "for i in range(4):\n    node.votes[i] = 0\nnode.votes[cpu.total & 3] = 1\ncpu.first = node",
        "which = cpu.total & 3\nnode.marks[which] = 1\nnode.which = which\ncpu.first = node",
    ),
    sequence(
        "cpu.slots[cpu.total & 63] = n\ncpu.count = cpu.slots[m]",
        f"read from where this run has stored, or {_BY_WORD}.",
        "at = cpu.total & 63\ncpu.slots[at] = n\ncpu.count = cpu.slots[at]",
        "half = cpu.count & 1\nvalue = cpu.slots[half]\ncpu.slots[1 - half] = n\ncpu.count = 1 - half",
        "half = cpu.count & 1\ncpu.slots[1 - half] = cpu.slots[half] + n\ncpu.count = 1 - half",
    ),
    sequence(
        """
        source = cpu.total & 63
        target = i64(cpu.small) & 63
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
        f"{_BY_WORD}, or one of them by a parameter.",
        """
        source = cpu.count & 1
        target = 1 - source
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = target
        """,
        """
        source = n
        target = i64(cpu.small) & 63
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
        """
        source = cpu.total & 63
        target = n
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
    ),
    sequence(
        "node.marks[cpu.total & 3] = 1\ncpu.count = node.marks[0]",
        _ROW,
        "at = cpu.total & 3\nnode.marks[at] = 1\ncpu.count = node.marks[at]",
        "node.marks[n] = 1\ncpu.count = node.marks[0]",
        "for i in range(4):\n    node.marks[i] = 0\nnode.marks[cpu.total & 3] = 1\ncpu.count = node.marks[0]",
    ),
    sequence(
        "half = cpu.count & 1\nnode.marks[1 - half] = node.marks[half]\ncpu.count = 1 - half",
        "let parameters choose both places.",
        "half = n & 1\nnode.marks[1 - half] = node.marks[half]\ncpu.count = 1 - half",
    ),
    sequence(
        "row = node if cpu.total & 1 else other\nrow.value = 1\ncpu.first = node",
        _PLACE,
        "row = node if n & 1 else other\nrow.value = 1\ncpu.first = node",
        "odd = cpu.total & 1\nnode.value = 1 if odd else 0\nother.value = 0 if odd else 1\ncpu.first = node",
    ),
    sequence(
        "rseq.copy(node.votes, data, cpu.count)\ncpu.first = node",
        _PLACE,
        "rseq.copy(node.votes, data, n)\ncpu.first = node",
        "for i in range(4):\n    node.votes[i] = 0\nrseq.copy(node.votes, data, cpu.count)\ncpu.first = node",
        "count = cpu.count\nrseq.copy(node.marks, data, count)\nnode.which = count\ncpu.first = node",
    ),
    sequence(
        """
        if cpu.total & 1:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        """,
        _TELL.format("out"),
        """
        odd = cpu.total & 1
        out[0] = 1 - u8(odd)
        out[1] = u8(odd)
        cpu.count += 1
        """,
    ),
    sequence(
        """
        if cpu.total & 1:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        """,
        _TELL.format("out"),
        """
        odd = cpu.total & 1
        if odd:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        return odd
        """,
        returns="i64",
    ),
    sequence(
        "out[cpu.total & 1] = 1\ncpu.count += 1",
        _ELSEWHERE.format("out"),
        "at = cpu.total & 1\nout[at] = 1\ncpu.count += 1\nreturn at",
        returns="i64",
    ),
    sequence(
        "out[cpu.total & 1] = 1\ncpu.count += 1",
        _ELSEWHERE.format("out"),
        "at = cpu.total & 1\nout[0] = 0\nout[1] = 0\nout[at] = 1\ncpu.count += 1",
    ),
    sequence(
        "rseq.copy(out, cpu.text, cpu.count)",
        _ELSEWHERE.format("out"),
        "rseq.copy(out, cpu.text, n)\nreturn n",
        "count = cpu.count\nrseq.copy(out, cpu.text, count)\nreturn count",
        returns="i64",
    ),
    sequence(
        "node.votes[cpu.total & 3] = 1\ncpu.count += 1",
        _ELSEWHERE.format("node"),
        "which = cpu.total & 3\nnode.votes[which] = 1\ncpu.count += 1\nreturn which",
        returns="i64",
    ),
    sequence(
        "if cpu.total > n:\n    node.value = 1\ncpu.count += 1",
        _TELL.format("node"),
        "node.value = 1 if cpu.total > n else 0\ncpu.count += 1",
    ),
    sequence(
        "if cpu.total > n:\n    node.value = 1\ncpu.count += 1",
        _TELL.format("node"),
        "total = cpu.total\nif total > n:\n    node.value = 1\ncpu.count += 1\nreturn total > n",
        returns="bool",
    ),
    # ---- pointers
    sequence(
        "first = cpu.first\ncpu.first = first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is None:\n    return\ncpu.first = first.next",
    ),
    sequence(
        "cpu.first = cpu.first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is None:\n    return\ncpu.first = first.next",
    ),
    sequence(
        "if cpu.first is not None:\n    cpu.first = cpu.first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is not None:\n    cpu.first = first.next",
    ),
    routine(
        "return rseq.lane(cpu, 0).first.value",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = rseq.lane(cpu, 0).first\nif first is None:\n    return 0\nreturn first.value",
        result="i64",
    ),
]
