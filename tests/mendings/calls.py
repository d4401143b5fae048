"""Calls, and the operations of the language that look like them."""

from __future__ import annotations

from mendings.made import module, routine, sequence

_CLOCK = "use rseq.clock(), which counts ticks, rseq.clock_frequency() in a second; or ask before, and pass it"

ROWS = [
    module(
        """
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
        "decorate it with @rseq.inline if it is in the language, else call it before or after",
        """
        @rseq.inline
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
        """
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n

        f.bind(rseq.percpu(Items))(doubled(3))
        """,
    ),
    *(
        module(
            f"""
            import time
            from time import monotonic_ns

            @rseq.{kind}
            def f(cpu: Items) -> None:
                a = {clock}()
            """,
            _CLOCK,
            f"""
            @rseq.{kind}
            def f(cpu: Items) -> None:
                a = rseq.clock()
            """,
            f"""
            import time

            @rseq.{kind}
            def f(cpu: Items, now: f64) -> None:
                a = now

            f.bind(rseq.percpu(Items))(time.monotonic())
            """,
        )
        for kind in ("sequence", "routine")
        for clock in ("time.time", "time.monotonic", "time.perf_counter", "monotonic_ns", "time.time_ns")
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add(cpu, n)
            add(cpu, n)
        """,
        "call both from a @rseq.routine",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            add(cpu, n)
            add(cpu, n)
        """,
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            if n > 0:
                add(cpu, n)
                f(cpu, n - 1)
        """,
        "write it as a loop",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            while n > 0:
                add(cpu, n)
                n -= 1
        """,
    ),
    module(
        """
        @rseq.inline
        def power(n: i64, times: i64) -> i64:
            return n if times == 1 else n * power(n, times - 1)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = power(n, 3)
        """,
        "write it as a loop",
        """
        @rseq.inline
        def power(n: i64, times: i64) -> i64:
            product = n
            for i in range(times - 1):
                product *= n
            return product

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = power(n, 3)
        """,
    ),
    module(
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.inline
        def mix_9(n: i64) -> i64:
            return mix(mix(mix(mix(mix(mix(mix(mix(mix(n)))))))))

        @rseq.inline
        def mix_81(n: i64) -> i64:
            return mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(n)))))))))

        @rseq.inline
        def mix_729(n: i64) -> i64:
            return mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(n)))))))))

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = mix_729(mix_729(n))
        """,
        "loop in a routine, or in the caller",
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.sequence
        def store(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            i = 0
            while i < 2000:
                n = mix(n)
                i += 1
            store(cpu, n)
        """,
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> i64:
            n = mix(n)
            cpu.count = n
            return n

        bound, n = f.bind(rseq.percpu(Items)), 1
        for _ in range(2000):
            n = bound(n)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            for i in range(5000):
                pass
        """,
        "loop in a routine, or in the caller",
        """
        @rseq.routine
        def f(cpu: Items) -> None:
            i = 0
            while i < 5000:
                i += 1
        """,
    ),
    sequence(
        "while cpu.count > n:\n    pass",
        "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence",
        "for i in range(8):\n    if cpu.count <= n:\n        break",
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            while cpu.count < n:
                cpu.count += 1
        """,
        "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence",
        """
        @rseq.sequence
        def below(cpu: Items, n: i64) -> bool:
            if cpu.count >= n:
                return False
            cpu.count += 1
            return True

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            while below(cpu, n):
                pass
        """,
    ),
    sequence(
        "for i in range(n):\n    pass",
        "use a constant bound, and `break` or an `if` inside",
        "for i in range(8):\n    if i == n:\n        break",
        "for i in range(8):\n    if i < n:\n        pass",
    ),
    sequence(
        "a = 0\nfor i in cpu.counts:\n    a += i",
        "write `for i in range(8):`, and use element [i]",
        "a = 0\nfor i in range(8):\n    a += cpu.counts[i]",
    ),
    routine("add(n)", "add(cpu, …)", "add(cpu, n)"),
    routine("add(cpu)", "pass each of them", "add(cpu, n)"),
    routine("add(cpu, n, 1, 2)", "pass each of them", "add(cpu, n, 1)"),
    routine("count_other(cpu)", "use one record", "add(cpu, 1)"),
    sequence("add_all(n)", "add_all(cpu, …)", "add_all(cpu, n)"),
    sequence("add_all(cpu)", "pass each of them", "add_all(cpu, n)"),
    sequence("add_other(cpu, n)", "use one record", "add_all(cpu, n)"),
    module(
        """
        @rseq.inline
        def add_twice(n: i64) -> None:
            add_all(n, n)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add_twice(n)
        """,
        "give this function the record too: cpu",
        """
        @rseq.inline
        def add_twice(cpu: Items, n: i64) -> None:
            add_all(cpu, 2 * n)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add_twice(cpu, n)
        """,
    ),
    sequence("a = rseq.ctz(n, m)", "pass an argument", "a = rseq.ctz(n)"),
    sequence("a = rseq.clock(n)", "pass no arguments", "a = rseq.clock()"),
    sequence("rseq.copy(cpu.text, data)", "pass three arguments", "rseq.copy(cpu.text, data, 4)"),
    routine("a = rseq.lane(cpu)", "pass two arguments", "a = rseq.lane(cpu, n)"),
    routine("a = rseq.lanes(n)", "write cpu", "a = rseq.lanes(cpu)"),
    module(
        """
        @rseq.inline
        def half() -> u64:
            return rseq.lanes(cpu) // 2

        @rseq.routine
        def f(cpu: Items) -> u64:
            return half()
        """,
        "give this function the record too: cpu",
        """
        @rseq.inline
        def half(cpu: Items) -> u64:
            return rseq.lanes(cpu) // 2

        @rseq.routine
        def f(cpu: Items) -> u64:
            return half(cpu)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            rseq.store_release(cpu.count, n)
        """,
        "call it in a @rseq.routine; a sequence's own order is `release=True` and `acquire=True`",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            rseq.store_release(rseq.lane(cpu, 0).count, n)
        """,
        """
        @rseq.sequence(release=True, acquire=True)
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n
        """,
    ),
    routine(
        "there = rseq.lane(cpu, n)\nthere.count = 0",
        "use rseq.store_release() for a word that only others store to",
        "there = rseq.lane(cpu, n)\nrseq.store_release(there.count, 0)",
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n
        """,
        "touch the lane in a sequence, and call that",
        """
        @rseq.sequence
        def store(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            store(cpu, n)
        """,
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items) -> i32:
            return rseq.cpu_number()
        """,
        "ask in a sequence, and return it",
        """
        @rseq.sequence
        def here(cpu: Items) -> i32:
            return rseq.cpu_number()

        @rseq.routine
        def f(cpu: Items) -> i32:
            return here(cpu)
        """,
    ),
]
