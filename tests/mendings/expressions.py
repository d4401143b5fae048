"""Expressions and calls that are not in the language."""

from __future__ import annotations

from mendings.made import INLINE, module, routine, sequence

_LOOP = "write a loop: `for i in range(constant):`"
_LOCALS = "use a local for each, or an array in the record"
_SUM = """
    a = 0
    for i in range(8):
        a += cpu.counts[i]
"""

ROWS = [
    # ---- expressions
    sequence("a = {n: m}", _LOCALS, "a = n\nb = m", "cpu.slots[0] = n\ncpu.slots[1] = m"),
    sequence("a = [n, m]", _LOCALS, "a = n\nb = m"),
    sequence("a = {n, m}", _LOCALS, "a = n\nb = m"),
    sequence("a = (n, m)", _LOCALS, "a = n\nb = m"),
    sequence("a = [i for i in range(8)]", _LOOP, _SUM),
    sequence("a = {i for i in range(8)}", _LOOP, _SUM),
    sequence("a = {i: i for i in range(8)}", _LOOP, _SUM),
    sequence("a = (i for i in range(8))", _LOOP, _SUM),
    sequence("a = f'{n}'", "there are no strings: return a number, and say it in Python", "return n", returns="i64"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            doubled = lambda m: 2 * m
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
    sequence("a = (b := n) + 1", "assign on a line of its own", "b = n\na = b + 1"),
    sequence("(b := n)", "assign on a line of its own", "b = n"),
    sequence(
        "a = cpu.counts[1:2]",
        "use one element, as in a[i]; rseq.copy() copies several",
        "a = cpu.counts[1]",
        "rseq.copy(out, cpu.counts[1], 16)",
    ),
    sequence("a = n in (1, 2)", "compare with each: n == 1 or n == 2", "a = n == 1 or n == 2"),
    sequence("a = n not in (1, 2)", "compare with each: n != 1 and n != 2", "a = n != 1 and n != 2"),
    sequence("a = n @ m", "write the products and sums, one by one", "a = n * m"),
    sequence("a = n ** 2 + 2 ** n", "multiply: x * x, or for a power of two shift: 1 << n", "a = n * n + (1 << n)"),
    sequence("a = n is m", "use ==", "a = n == m"),
    # ---- calls of Python's functions
    sequence("a = all((flag, n))", "write `a and b`", "a = flag and n"),
    sequence("a = any((flag, n))", "write `a or b`", "a = flag or n"),
    sequence("a = divmod(n, 8)", "write // and %", "a, b = n // 8, n % 8"),
    sequence("a = float(n)", "write f64(…)", "a = f64(n)"),
    sequence("a = int(x)", "write i64(…)", "a = i64(x)"),
    sequence("if isinstance(n, int):\n    cpu.count = n", "leave it out: types are known before", "cpu.count = n"),
    sequence("a = pow(n, 2)", "multiply: x * x, or for a power of two shift: 1 << n", "a = n * n"),
    sequence("a = pow(2, n)", "multiply: x * x, or for a power of two shift: 1 << n", "a = 1 << n"),
    sequence("print(n)", "return what is to be seen, and print it in Python", "return n", returns="i64"),
    sequence("a = round(x)", "convert: i64(x) cuts towards zero", "a = i64(x)"),
    sequence("a = sum(cpu.counts)", "add in a loop: `for i in range(constant):`", _SUM),
    # ---- calls
    sequence("a = i64(value=n)", "pass one by one", "a = i64(n)"),
    routine("add(cpu, n=n)", "pass one by one", "add(cpu, n)"),
    sequence("a = twice(*[n])", "pass one by one", "a = twice(n)"),
    sequence("a = f64(n, m)", "pass one number", "a = f64(n)"),
    sequence("a = n.bit_count()", "use operators, or a function from outside, such as rseq.ctz(x)", "a = rseq.bits(n)"),
    sequence("a = n(m)", "use operators, or a function from outside, such as rseq.ctz(x)", "a = n * m"),
    sequence("a = (n + m)(1)", "use a name", "a = twice(n + m)"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> u64:
            return rseq.clock_frequency()
        """,
        "ask in a routine, and pass it on",
        """
        @rseq.sequence
        def store(cpu: Items, rate: u64) -> None:
            cpu.count = i64(rate)

        @rseq.routine
        def f(cpu: Items) -> None:
            store(cpu, rseq.clock_frequency())
        """,
    ),
    sequence("a = float_bits(n)", "define it before use", "a = rseq.bits(n)"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, x: f64) -> u64:
            return rseq.float_bits(x)
        """,
        "ask in a routine, and pass the bits on",
        """
        @rseq.sequence
        def store(cpu: Items, bits: u64) -> None:
            cpu.count = i64(bits)

        @rseq.routine
        def f(cpu: Items, x: f64) -> None:
            store(cpu, rseq.float_bits(x))
        """,
    ),
    sequence(
        "rseq.copy(n, data, 4)",
        "name an array of a record, an element to begin at, or a buffer: cpu.slots, cpu.slots[at], data",
        "rseq.copy(cpu.text, data, 4)",
        "rseq.copy(cpu.text[1], data, 4)",
        "rseq.copy(out, cpu.text, 4)",
    ),
    sequence("a = rseq.load_acquire(n)", "name a field", "a = rseq.load_acquire(cpu.count)"),
]
