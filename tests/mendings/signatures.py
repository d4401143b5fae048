"""First lines of functions: records, parameters, results."""

from __future__ import annotations

from mendings.made import module

ROWS = [
    module(
        "@rseq.sequence\ndef f(cpu: Items, *values: i64) -> None:\n    pass",
        "name each one, without a * before them",
        "@rseq.sequence\ndef f(cpu: Items, one: i64, two: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, *, n: i64) -> None:\n    pass",
        "name each one, without a * before them",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i64, /) -> None:\n    pass",
        "leave the / out",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(n: i64) -> None:\n    pass",
        "annotate it with a subclass of rseq.Record, as in cpu: Cell",
        "@rseq.sequence\ndef f(n: Items) -> None:\n    pass",
    ),
    *(
        module(
            f"class Own(rseq.Record):\n    n: i64\n    @rseq.{kind}\n    def f({wrong}) -> {result}:\n        return 1",
            f"write the {kind if kind != 'inline' else 'inline function'} below the class",
            f"class Own(rseq.Record):\n    n: i64\n@rseq.{kind}\ndef f({wrong}) -> {result}:\n    return 1",
        )
        for kind, wrong, result in (
            ("sequence", "self: Own", "i64"),
            ("routine", 'self: "Own"', "i64"),
            ("inline", "self: ptr[Own]", "i64"),
            ("sequence", 'self: Items, own: ptr["Own"]', "i64"),
        )
    ),
    module(
        "class Cell:\n    value: i64\n\n@rseq.sequence\ndef f(cpu: Cell) -> None:\n    pass",
        "derive it from rseq.Record, as in class Cell(rseq.Record):",
        "class Cell(rseq.Record):\n    value: i64\n\n@rseq.sequence\ndef f(cpu: Cell) -> None:\n    pass",
    ),
    *(
        module(
            f"@rseq.sequence\ndef f(cpu: {wrong}) -> None:\n    pass",
            "annotate it with a subclass of rseq.Record, as in cpu: Cell",
            "@rseq.sequence\ndef f(cpu: Items) -> None:\n    pass",
        )
        for wrong in ("int", "bytes", "rseq.Record")
    ),
    module(
        "@rseq.sequence\ndef f() -> None:\n    pass",
        "annotate it with a subclass of rseq.Record, as in cpu: Cell",
        "@rseq.sequence\ndef f(cpu: Items) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n) -> None:\n    pass",
        "annotate it, as in n: i64",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: int) -> None:\n    pass",
        "use i8 … u64, f32, f64, bool, ptr[T], index[T], bytes or bytearray",
        *(
            f"@rseq.sequence\ndef f(cpu: Items, n: {type}) -> None:\n    pass"
            for type in ("i8", "u64", "f32", "f64", "bool", "ptr[Node]", "index[Entry]", "bytes", "bytearray")
        ),
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items) -> int:\n    return 1",
        "annotate it, as in -> i64, -> i64 | None, or -> tuple[i64, i64]",
        "@rseq.sequence\ndef f(cpu: Items) -> i64:\n    return 1",
        "@rseq.sequence\ndef f(cpu: Items) -> i64 | None:\n    return 1",
    ),
    *(
        module(
            f"@rseq.sequence\ndef f(cpu: Items, n: {wrong}) -> None:\n    pass",
            "write another type there",
            f"@rseq.sequence\ndef f(cpu: Items, n: {right}) -> None:\n    pass",
        )
        for wrong, right in (("index[i64]", "index[Entry]"), ("ptr[int]", "ptr[i64]"), ("prepared[int]", "ptr[Node]"))
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: Missing) -> None:\n    pass",
        "define its names before the function",
        "Missing = i64\n\n@rseq.sequence\ndef f(cpu: Items, n: Missing) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items = None) -> None:\n    pass",
        "leave it out",
        "@rseq.sequence\ndef f(cpu: Items) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i8 = 200) -> None:\n    pass",
        "use a number that fits",
        "@rseq.sequence\ndef f(cpu: Items, n: i8 = 100) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i64 = ENDLESS) -> None:\n    pass",
        "use a number that fits",
        "@rseq.sequence\ndef f(cpu: Items, n: i64 = 100) -> None:\n    pass",
    ),
    *(
        module(
            f"@rseq.sequence\ndef f(cpu: Items, n: {type} = None) -> None:\n    pass",
            f"leave it out, and pass {nothing} in the call",
            f"""
            @rseq.sequence
            def f(cpu: Items, n: {type}) -> None:
                pass

            storage = rseq.percpu(Items)
            f.bind(storage, rseq.array(Node, 1))({nothing if nothing != "a bytearray" else "bytearray()"})
            """,
        )
        for type, nothing in (("ptr[Node]", "None"), ("bytes", 'b""'), ("bytearray", "a bytearray"))
    ),
    module(
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def inner(*arguments):
                return function(*arguments)
            return inner

        @rseq.sequence
        @logged
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        "leave it out, or put it above, where it gets what this makes of the function",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def inner(*arguments):
                return function(*arguments)
            return inner

        @logged
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
    ),
    module(
        """
        @rseq.sequence
        async def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        "write it with `def`, and await in Python, around the function that is bound",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n

        async def g(bound) -> None:
            bound(1)
        """,
    ),
]
