"""Types, constants, names and memory."""

from __future__ import annotations

from mendings.made import module, routine, sequence

_ONLY = "use a number: pointers are only compared, stored and followed"

ROWS = [
    # ---- types
    sequence("cpu.average = n", "convert it: f64(…)", "cpu.average = f64(n)"),
    sequence("a = n + x", "convert it: f64(n)", "a = f64(n) + x"),
    sequence(
        "cpu.average += (x - cpu.average) / cpu.count",
        "convert it: f64(cpu.count)",
        "cpu.average += (x - cpu.average) / f64(cpu.count)",
    ),
    sequence("cpu.average /= cpu.count", "convert it: f64(cpu.count)", "cpu.average /= f64(cpu.count)"),
    sequence("cpu.average = cpu.count / x", "convert it: f64(cpu.count)", "cpu.average = f64(cpu.count) / x"),
    sequence("cpu.count -= x", "convert it: i64(x)", "cpu.count -= i64(x)"),
    sequence("a = cpu.tiny * n", "convert it: f32(n)", "a = cpu.tiny * f32(n)"),
    sequence("a = data[0] + n", "convert it: i64(data[0])", "a = i64(data[0]) + n"),
    sequence("a = n + data[0]", "convert it: i64(data[0])", "a = n + i64(data[0])"),
    sequence("a = u64(n) + m", "convert it: u64(m)", "a = u64(n) + u64(m)"),
    sequence("flag = n < x", "convert it: f64(n)", "flag = f64(n) < x"),
    sequence("flag = 0.5 < x < n", "convert it: f64(n)", "flag = 0.5 < x < f64(n)"),
    sequence("flag = n >= 0.5", "convert it: f64(n)", "flag = f64(n) >= 0.5"),
    sequence(
        "a = x * (cpu.count + cpu.total + cpu.counts[0] + cpu.counts[1])",
        "convert it: f64(…)",
        "a = x * f64(cpu.count + cpu.total + cpu.counts[0] + cpu.counts[1])",
    ),
    sequence("cpu.is_full = n", "convert it: bool(…)", "cpu.is_full = bool(n)"),
    sequence("cpu.first = foreign", "use one of type ptr[Node]", "cpu.first = node"),
    sequence("cpu.first = n", "use one of type ptr[Node]", "cpu.first = node"),
    sequence("cpu.entry = node", "use one of type index[Entry]", "cpu.entry = entry"),
    sequence("flag = node == entry", "use one of type ptr[Node]", "flag = node == other"),
    sequence("cpu.first = 1", "use None, or one of type ptr[Node]", "cpu.first = node", "cpu.first = None"),
    sequence("flag = node == 0", "use None, or one of type ptr[Node]", "flag = node == other", "flag = node == None"),
    sequence("cpu.count = node", "use a number", "cpu.count = n"),
    sequence("cpu.count = None", "use a number", "cpu.count = 0"),
    sequence("flag = n == node", "use a number", "flag = n == m"),
    sequence("cpu.is_full = 1", "write True or False, or compare", "cpu.is_full = True", "cpu.is_full = n == 1"),
    sequence("a = flag == 1", "write True or False, or compare", "a = flag == True", "a = flag == (n == 1)"),
    sequence("a = n + 0.5", "convert it: f64(n)", "a = f64(n) + 0.5"),
    sequence("a = i64(node)", "keep it in a ptr[T]", "a: ptr[Node] = node"),
    sequence("a = node + other", "pointers are only compared", "a = node == other"),
    sequence("a = node + 1", "pointers are only compared", "a = node == other"),
    sequence("a = 1 - node", "pointers are only compared", "a = other != node"),
    sequence("a = n + node", "pointers are only compared", "a = node == None"),
    sequence("a = flag + flag", "convert it: i64(flag)", "a = i64(flag) + i64(flag)"),
    sequence("a = flag + 1", "convert it: i64(flag)", "a = i64(flag) + 1"),
    sequence("a = n * flag", "convert it: i64(flag)", "a = n * i64(flag)"),
    sequence("a = flag / 2", "convert it: f64(flag)", "a = f64(flag) / 2"),
    sequence("n += flag", "convert it: i64(flag)", "n += i64(flag)"),
    sequence("a = x // 2", "convert it: i64(x)", "a = i64(x) // 2"),
    sequence("a = x & 1", "convert it: i64(x)", "a = i64(x) & 1"),
    sequence("a = n // 2.0", "write i64(2.0)", "a = n // i64(2.0)"),
    sequence("n *= 2.0", "write i64(2.0)", "n *= i64(2.0)"),
    sequence("a = n / 2", "use //, or convert: f64(n) / 2", "a = n // 2", "a = f64(n) / 2"),
    sequence("a = 1 / n", "use //, or convert: 1 / f64(n)", "a = 1 // max(n, 1)", "a = 1 / f64(n)"),
    sequence("a = n / m", "use //, or convert: f64(n) / f64(m)", "a = n // max(m, 1)", "a = f64(n) / f64(m)"),
    sequence(
        "cpu.count /= 2",
        "use //, or convert: f64(cpu.count) / 2",
        "cpu.count //= 2",
        "cpu.average = f64(cpu.count) / 2",
    ),
    sequence("a = ~x", "convert it: i64(x)", "a = ~i64(x)"),
    sequence("a = -flag", "convert it: i64(flag)", "a = -i64(flag)"),
    sequence("a = -node", _ONLY, "a = -n"),
    sequence("a = ~1.5", "convert it: i64(1.5)", "a = ~i64(1.5)"),
    sequence("a = rseq.ctz(x)", "convert it: i64(…)", "a = rseq.ctz(i64(x))"),
    sequence("a = rseq.ctz(node)", _ONLY, "a = rseq.ctz(n)"),
    routine("a = rseq.float_bits(n)", "convert it: f64(…)", "a = rseq.float_bits(f64(n))"),
    routine("a = rseq.float_bits(node)", _ONLY, "a = rseq.float_bits(x)"),
    sequence("a = cpu.counts[x]", "convert it: i64(…)", "a = cpu.counts[i64(x)]"),
    sequence("a = cpu.counts[node]", _ONLY, "a = cpu.counts[n]"),
    sequence("a = data[x]", "convert it: i64(…)", "a = data[i64(x)]"),
    sequence("a = data[None]", _ONLY, "a = data[0]"),
    sequence("rseq.copy(cpu.text, data, x)", "convert it: i64(…)", "rseq.copy(cpu.text, data, i64(x))"),
    sequence("rseq.copy(cpu.text[x], data, 4)", "convert it: i64(…)", "rseq.copy(cpu.text[i64(x)], data, 4)"),
    sequence("rseq.copy(cpu.text[node], data, 4)", _ONLY, "rseq.copy(cpu.text[n], data, 4)"),
    sequence("a = node < other", "use == or !=", "a = node == other", "a = node != other"),
    sequence("if n is None or n == 0:\n    return", "leave the comparison out", "if n == 0:\n    return"),
    sequence("b: i32 = n", "convert it: i32(…), or declare it: b: i64", "b: i32 = i32(n)", "b: i64 = n"),
    sequence("c = 1.5\nc = n", "convert it: f64(…)", "c = 1.5\nc = f64(n)"),
    sequence("c = s\nc = n", "convert it: i32(…), or declare it: c: i64", "c = s\nc = i32(n)", "c: i64 = s\nc = n"),
    sequence("a = None\na = node", "declare it: a: ptr[Node]", "a: ptr[Node] = None\na = node"),
    sequence("a = entry\na = node", "use another name", "a = entry\nb = node"),
    sequence("a = n\na = None", "use another name", "a = n\nb: ptr[Node] = None"),
    sequence("a: i64 = 1\na: i32 = 1", "use another name", "a: i64 = 1\nb: i32 = 1"),
    routine("a = 1.5\na = pop(cpu)", "use another name", "a = 1.5\nb = pop(cpu)"),
    sequence("return n", "annotate its result, as in -> i64", "return n", returns="i64"),
    routine("put(cpu, n)", "pass on a parameter of that type", "put(cpu, data)"),
    module(
        """
        class Shared(rseq.Record):
            owner: f64

        @rseq.routine
        def f(cpu: Shared) -> bool:
            return rseq.compare_exchange(rseq.lane(cpu, 0).owner, 0.0, 1.0)
        """,
        "keep an integer there",
        """
        class Shared(rseq.Record):
            owner: i64

        @rseq.routine
        def f(cpu: Shared) -> bool:
            return rseq.compare_exchange(rseq.lane(cpu, 0).owner, 0, 1)
        """,
    ),
    # ---- constants
    sequence(
        "a = s & 0xFFFFFFFF",
        "use a type that has it: i64, u32 or u64",
        "a = u32(s) & 0xFFFFFFFF",
        "a = i64(s) & 0xFFFFFFFF",
        "a = u64(s) & 0xFFFFFFFF",
    ),
    sequence("a = n + (1 << 63)", "use a type that has it: u64", "a = u64(n) + (1 << 63)"),
    sequence(
        "a: u32 = -1",
        "use a type that has it: i8, i16, i32 or i64, or write u32(-1) for its bits",
        "a: i8 = -1",
        "a: i64 = -1",
        "a: u32 = u32(-1)",
    ),
    sequence("a = n + (1 << 64)", "no type has it: compute with numbers of at most 64 bits", "a = n + (1 << 62)"),
    sequence("a = n + (1 << 100)", "shift less", "a = n + (1 << 10)"),
    sequence("a = n + (1 >> -1)", "write another constant", "a = n + (1 >> 1)"),
    sequence("a = n + 7 // 0", "divide by something else", "a = n + 7 // 2"),
    sequence("a = n // NOTHING", "divide by something else", "a = n // 2"),
    sequence("a = n % 0", "divide by something else", "a = n % 2"),
    sequence("a = f64(HUGE)", "use a float, such as 1e300", "a = f64(1e300)"),
    sequence("a = n + ENDLESS", "no type has it: compute with numbers of at most 64 bits", "a = n + 1000"),
    sequence("n = math.inf", "write i64(math.inf)", "n = i64(math.inf)"),
    sequence("a = max(n, -math.inf)", "write i64(-math.inf)", "a = max(n, i64(-math.inf))"),
    sequence("a = n % math.inf", "write i64(math.inf)", "a = n % i64(math.inf)"),
    sequence("cpu.tiny = HUGE", "use a float, such as 1e30", "cpu.tiny = 1e30"),
    sequence(
        "cpu.tiny = 1e39", "use f64, or write f32(1e+39) for infinity", "cpu.average = 1e39", "cpu.tiny = f32(1e+39)"
    ),
    sequence("a = 'total'", "use numbers, True, False or None", "a = 1", "a = True", "a = None"),
    sequence("a = Color.RED", "use Color.RED.value", "a = Color.RED.value"),
    sequence("a = Name.RED", "use numbers, True, False or None", "a = 1"),
    sequence(
        "a = cpu.total // cpu.count",
        "compare it with 0 before, and leave or go on without it; or divide by max(…, 1).",
        "count = cpu.count\nif count == 0:\n    return\na = cpu.total // count",
        "count = cpu.count\na = 0 if count == 0 else cpu.total // count",
        "a = cpu.total // max(cpu.count, 1)",
    ),
    # ---- names
    sequence("a = step", "define it before use", "step = 2\na = step"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
        "define it before use",
        """
        class Mine:
            most = 8

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
    ),
    module(
        """
        class Mine:
            least = 1

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
        "define it before use",
        """
        class Mine:
            least = 1
            most = 8

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
    ),
    sequence(
        """
        if n > 0:
            a = n
        cpu.count = a
        """,
        "assign it on every path that leads here",
        """
        if n > 0:
            a = n
        else:
            a = 0
        cpu.count = a
        """,
        """
        a = 0
        if n > 0:
            a = n
        cpu.count = a
        """,
    ),
    sequence("n + m", "assign it, or leave it out", "a = n + m", "pass"),
    sequence("cpu.count == n", "assign it, or leave it out", "cpu.count = n", "pass"),
    routine("a = add(cpu, n)", "call it alone", "add(cpu, n)"),
    routine("if add(cpu, n):\n    add(cpu, 1)", "call it alone", "add(cpu, n)\nadd(cpu, 1)"),
    routine(
        "item = pop(cpu)\nadd(cpu, item)",
        "first `if item is None:`, and leave or go on there",
        "item = pop(cpu)\nif item is None:\n    return\nadd(cpu, item)",
        "item = pop(cpu)\nif item is None:\n    add(cpu, 1)\nelse:\n    add(cpu, item)",
    ),
    routine(
        "add(cpu, pop(cpu))",
        "assign it to a local; then first `if item is None:`, and leave or go on there",
        "item = pop(cpu)\nif item is None:\n    return\nadd(cpu, item)",
    ),
    sequence(
        "if n > 0:\n    return 1\nelse:\n    return",
        "return a value, or declare -> i64 | None",
        "if n > 0:\n    return 1\nelse:\n    return 0",
        result="i64",
    ),
    sequence(
        "if n > 0:\n    return 1\nelse:\n    return",
        "return a value, or declare -> i64 | None",
        "if n > 0:\n    return 1\nelse:\n    return",
        result="i64",
        returns="i64 | None",
    ),
    sequence(
        "if flag:\n    return node\nelse:\n    return",
        "return a value, or write return None",
        "if flag:\n    return node\nelse:\n    return other",
        "if flag:\n    return node\nelse:\n    return None",
        result="ptr[Node]",
    ),
    sequence(
        "if flag:\n    return entry\nelse:\n    return",
        "return a value, or write return None",
        "if flag:\n    return entry\nelse:\n    return None",
        result="index[Entry]",
    ),
    sequence(
        "if n > 0:\n    return 1", "return a value on every path", "if n > 0:\n    return 1\nreturn 0", result="i64"
    ),
    module(
        """
        @rseq.inline
        def sign(n: i64) -> i64:
            if n > 0:
                return 1

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = sign(n)
        """,
        "return a value on every path",
        """
        @rseq.inline
        def sign(n: i64) -> i64:
            if n > 0:
                return 1
            return 0

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = sign(n)
        """,
    ),
    # ---- memory
    sequence("cpu.counts += n", "use an element: cpu.counts[0]", "cpu.counts[0] += n"),
    sequence("a = node.marks", "use an element: node.marks[0]", "a = node.marks[0]"),
    sequence(
        "a = foreign.cuont",
        "its fields are counts, count",
        "a = cpu.count",
    ),
    sequence(
        "a = n.numerator",
        "only the lane, a ptr[T] and an index[T] have fields",
        "a = cpu.count",
        "a = node.value",
        "a = entry.value",
    ),
    sequence("a = number.value", "use its element: number[0]", "a = number[0]"),
    sequence("a = cpu.count[0]", "leave out the brackets", "a = cpu.count"),
    sequence("a = n[0]", "leave out the brackets", "a = n"),
    sequence("a = node[0]", "use a field of it", "a = node.value"),
    sequence("a = number[n]", "use index 0", "a = number[0]"),
    sequence("a = number[1]", "use 0", "a = number[0]"),
    sequence("a = cpu.counts[8]", "use 0 … 7", "a = cpu.counts[0]", "a = cpu.counts[7]"),
    sequence(
        "rseq.copy(cpu.text[81], data, 4)",
        "use 0 … 80",
        "rseq.copy(cpu.text[76], data, 4)",
        "rseq.copy(cpu.text[80], data, 0)",
    ),
    sequence("rseq.copy(cpu.text, data, 81)", "copy less", "rseq.copy(cpu.text, data, 80)"),
    sequence("rseq.copy(cpu.text, data, -1)", "use 0 or more", "rseq.copy(cpu.text, data, 0)"),
    sequence(
        "rseq.copy(out, data, len(data))",
        "copy to or from an array of a record, whose length is known",
        "rseq.copy(cpu.text, data, len(data))",
        "rseq.copy(out, cpu.text, len(out))",
    ),
    sequence(
        "a = data",
        "use len(data), a u64, a byte data[i], a u8, or rseq.copy()",
        "a = len(data)",
        "a = data[n]",
        "rseq.copy(cpu.text, data, len(data))",
    ),
    sequence("data = n", "use another name", "a = n"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, data: bytes) -> None:
            data[0] = 1
        """,
        "declare it data: bytearray",
        """
        @rseq.sequence
        def f(cpu: Items, data: bytearray) -> None:
            data[0] = 1
        """,
    ),
    sequence(
        "a = len(n)",
        "name an array, as in len(cpu.slots), bytes or a bytearray",
        "a = len(cpu.slots)\nb = len(data)\nc = len(out)",
    ),
    sequence("a = cpu.grid[1]", "use an element: cpu.grid[0, 0]", "a = cpu.grid[0, 0]"),
    sequence("a = cpu.counts[1, 2]", "use one index: cpu.counts[0]", "a = cpu.counts[0]"),
    sequence(
        "rseq.copy(cpu.pixels[1], data, 8)\ncpu.count = 1",
        "copy to or from cpu.pixels as a whole",
        "rseq.copy(cpu.pixels, data, 8)\ncpu.count = 1",
    ),
    sequence("a = cpu.start", "use a field: cpu.start.x", "a = cpu.start.x"),
    sequence("a = cpu.start.z", "its fields are x, y", "a = cpu.start.y"),
    sequence("a = max(n)", "name each one, as in min(n, 7)", "a = max(n, 7)"),
    sequence("a = abs(n, m)", "pass one number", "a = abs(n)"),
    sequence("a = max(flag, n)", "convert it: i64(…)", "a = max(i64(flag), n)"),
    sequence("a = abs(node)", "use a number: pointers are only compared, stored and followed", "a = abs(node.value)"),
    sequence("a = cpu", "use its fields: cpu.count", "a = cpu.count"),
    sequence("cpu = n", "use another name", "a = n"),
    module(
        """
        @rseq.sequence
        def f(cpu: Other) -> i64:
            return cpu
        """,
        "use its fields: cpu.counts[0]",
        """
        @rseq.sequence
        def f(cpu: Other) -> i64:
            return cpu.counts[0]
        """,
    ),
]
