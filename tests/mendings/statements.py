"""Statements that are not in the language."""

from __future__ import annotations

from mendings.made import INLINE, module, routine, sequence

_IN_PYTHON = "do it in Python, around the function that is bound"
_OTHERWISE = "set a local before the loop, change it where it breaks, and look at it afterwards"

ROWS = [
    # ---- statements
    sequence(
        "assert n > 0", 'leave with `if …: return`; a routine may `raise ValueError("…")`', "if n <= 0:\n    return"
    ),
    routine(
        "assert n > 0",
        'leave with `if …: return`; a routine may `raise ValueError("…")`',
        'if n <= 0:\n    raise ValueError("n is 1 or more")',
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            class Local:
                most = 8
            cpu.count = Local.most
        """,
        "define it outside",
        """
        class Local:
            most = 8

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = Local.most
        """,
    ),
    sequence("a = n\ndel a", "leave it out: a local is a register", "a = n"),
    sequence("type Number = i64\na: Number = 1", "define it outside", "a: i64 = 1", since=(3, 12)),
    sequence(
        "a = t'{n}'",
        "there are no strings: return a number, and say it in Python",
        "return n",
        returns="i64",
        since=(3, 14),
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            def doubled(m: i64) -> i64:
                return 2 * m
            cpu.count = n
        """,
        INLINE,
        """
        @rseq.inline
        def doubled(m: i64) -> i64:
            return 2 * m

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            async def doubled(m: i64) -> i64:
                return 2 * m
            cpu.count = n
        """,
        _IN_PYTHON,
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n

        async def doubled(m: i64) -> i64:
            return 2 * m
        """,
    ),
    module(
        """
        total = 0

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            global total
            cpu.count = n
        """,
        "store to a field of the record: nothing else is changed here",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.total = n
        """,
    ),
    module(
        """
        def made():
            total = 0

            @rseq.sequence
            def f(cpu: Items, n: i64) -> None:
                nonlocal total
                cpu.count = n

        made()
        """,
        "store to a field of the record: nothing else is changed here",
        """
        def made():
            @rseq.sequence
            def f(cpu: Items, n: i64) -> None:
                cpu.total = n

        made()
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            import sys
            cpu.count = sys.maxsize
        """,
        "import at the top of the module",
        """
        import sys

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = sys.maxsize
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            from sys import maxsize
            cpu.count = maxsize
        """,
        "import at the top of the module",
        """
        from sys import maxsize

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = maxsize
        """,
    ),
    sequence(
        """
        match n:
            case [1, 2]:
                cpu.count = 1
        """,
        "match numbers: `case 1 | 2:`, `case Color.RED:`, `case None:`, `case rest:`",
        """
        match n:
            case 1 | 2 | Tint.RED:
                cpu.count = 1
            case rest:
                cpu.count = rest
        """,
    ),
    sequence(
        """
        try:
            cpu.counts[n] += 1
        except IndexError:
            cpu.total += 1
        """,
        "look with `if` before: a check that fails ends the whole call with its exception",
        """
        if 0 <= n < 8:
            cpu.counts[n] += 1
        else:
            cpu.total += 1
        """,
    ),
    sequence(
        """
        try:
            cpu.counts[n] += 1
        except* IndexError:
            cpu.total += 1
        """,
        "look with `if` before: a check that fails ends the whole call with its exception",
        """
        if 0 <= n < 8:
            cpu.counts[n] += 1
        else:
            cpu.total += 1
        """,
    ),
    sequence("with open('log') as log:\n    cpu.count = n", _IN_PYTHON, "cpu.count = n"),
    sequence("a = b = n", "write two assignments", "a = n\nb = n"),
    sequence("a, cpu.count = n, m", "assign to a local, a field or an element", "a, b = n, m\ncpu.count = b"),
    sequence("a = halves(n) + 1", "give each a name: a, b = …", "a, b = halves(n)\nc = a + 1"),
    sequence("a, b = n", "write each of the 2, with commas", "a, b = n, m"),
    sequence("a, b, c = halves(n)", "write each of the 3, with commas", "a, b, c = n, m, n"),
    sequence("a: float = 1.0", "leave it out", "a = 1.0"),
    sequence("cpu.count: i64 = n", "leave it out", "cpu.count = n"),
    sequence("a: i64 | None = n", "leave it out", "a = n"),
    sequence("a: list[n] = n", "leave it out", "a = n"),
    sequence('a: "i64" = 1', "leave it out", "a = 1"),
    sequence("a: STEP[i64] = 1", "leave it out", "a = 1"),
    sequence("a: i64[4] = 1", "leave it out", "a = 1"),
    routine("a: i64 | None = pop(cpu)", "leave it out", "a = pop(cpu)"),
    sequence(
        "for n in range(3):\n    n = 5",
        "write it so",
        "for i in range(3):\n    n = 5",
    ),
    sequence("for cpu.count in range(3):\n    pass", "write it so", "for i in range(3):\n    pass"),
    sequence(
        """
        for i in range(8):
            if cpu.counts[i] == n:
                break
        else:
            cpu.count = 1
        """,
        _OTHERWISE,
        """
        found = False
        for i in range(8):
            if cpu.counts[i] == n:
                found = True
                break
        if not found:
            cpu.count = 1
        """,
    ),
    routine(
        """
        while n < 8:
            if size(cpu) == n:
                break
            n += 1
        else:
            add(cpu, 1)
        """,
        _OTHERWISE,
        """
        found = False
        while n < 8:
            if size(cpu) == n:
                found = True
                break
            n += 1
        if not found:
            add(cpu, 1)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            if n < 0:
                raise ValueError("n is 0 or more")
            cpu.count = n
        """,
        "raise in a routine, before the sequence is called",
        """
        @rseq.sequence
        def g(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            if n < 0:
                raise ValueError("n is 0 or more")
            g(cpu, n)
        """,
    ),
    routine(
        "raise OverflowError(n)",
        'write raise ValueError("…") or IndexError with one sentence',
        'raise ValueError("n is too large")',
        'raise IndexError("n is too large")',
    ),
    sequence("yield n", "return once, and loop in the caller", "return n", returns="i64"),
    sequence("yield from range(3)", "return once, and loop in the caller", "return n", returns="i64"),
]
