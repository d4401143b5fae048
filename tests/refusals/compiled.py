"""A scientist counts in Numba loops."""

from __future__ import annotations

from refusals.made import Refusal

try:
    from numba.core.errors import TypingError
except ImportError:  # its tests are skipped
    TypingError = Exception  # type: ignore[misc, assignment]

ROWS = [
    Refusal(
        TypingError,
        """
        import numba
        hits = rseq.CounterArray(4)

        @numba.njit
        def count():
            hits[1] += 1

        count()
        """,
        "write x.add(i, n), and read the sums outside",
        """
        import numba
        hits = rseq.CounterArray(4)

        @numba.njit
        def count():
            hits.add(1, 1)

        count()
        assert hits[1] == 1
        """,
    ),
    Refusal(
        TypingError,
        """
        import numba
        hits = rseq.Counter()

        @numba.njit
        def count(hits):
            hits.add()
            return hits.value

        count(hits)
        """,
        "rseq.Counter has no value inside of @njit, only add: ask for it in Python, before the call or after it",
        """
        import numba
        hits = rseq.Counter()

        @numba.njit
        def count(hits):
            hits.add()

        count(hits)
        assert hits.value == 1
        """,
    ),
    Refusal(
        TypingError,
        """
        import numba
        storage = rseq.percpu(Cell)

        @numba.njit
        def count():
            add(storage, 1)

        count()
        """,
        "bind it outside of @njit, as in bound = add.bind(storage), and call bound(…) inside",
        """
        import numba
        storage = rseq.percpu(Cell)
        bound = add.bind(storage)

        @numba.njit
        def count():
            bound(1)

        count()
        assert storage.per_cpu()["value"].sum() == 1
        """,
    ),
    Refusal(
        TypingError,
        """
        import numba
        hits = rseq.Counter()

        @numba.njit
        def count(weights):
            for weight in weights:
                hits.add(weight)

        count(np.array([1.0, 2.0]))
        """,
        "Counter.add(): n is int64, got float64; convert it first",
        """
        import numba
        hits = rseq.Counter()

        @numba.njit
        def count(weights):
            for weight in weights:
                hits.add(int(weight))

        count(np.array([1.0, 2.0]))
        assert hits.value == 3
        """,
    ),
    Refusal(
        TypingError,
        """
        import numba
        hits = rseq.Counter()

        @numba.njit
        def place(out):
            out[hits.add()] = 1

        place(np.zeros(3))
        """,
        "index with a number, such as a result -> i64 of a sequence of your own",
        """
        import numba

        @rseq.sequence
        def next_place(cpu: Cell) -> i64:
            n = cpu.value
            cpu.value = n + 1
            return n

        bound = next_place.bind(rseq.percpu(Cell))

        @numba.njit
        def place(out):
            out[bound()] = 1

        out = np.zeros(3)
        place(out)
        assert out.tolist() == [1, 0, 0]
        """,
    ),
]
