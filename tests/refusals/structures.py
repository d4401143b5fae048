"""A service engineer counts, measures, locks and queues."""

from __future__ import annotations

import rseq
from refusals.made import Refusal

ROWS = [
    Refusal(
        TypeError,
        """
        hits = rseq.Counter()
        hits += 1
        """,
        "write x.add(n) instead of x += …",
        """
        hits = rseq.Counter()
        hits.add(1)
        assert hits.value == 1
        """,
    ),
    Refusal(
        AttributeError,
        """
        hits = rseq.Counter()
        hits.add(5)
        hits.value = 0
        """,
        "or subtract what it was before, as in counter.value - before",
        """
        hits = rseq.Counter()
        hits.add(5)
        before = hits.value
        hits.add(2)
        assert hits.value - before == 2
        """,
    ),
    Refusal(
        TypeError,
        """
        hits = rseq.Counter()
        if hits:
            raise AssertionError
        """,
        "a Counter is neither true nor false: write `if x.value:`",
        """
        hits = rseq.Counter()
        if hits.value:
            raise AssertionError
        """,
    ),
    Refusal(
        TypeError,
        """
        hits = rseq.Counter()
        is_idle = hits == 0
        """,
        "compare its `value` with 0",
        """
        hits = rseq.Counter()
        is_idle = hits.value == 0
        assert is_idle
        """,
    ),
    Refusal(
        TypeError,
        """
        sent, answered = rseq.Counter(), rseq.Counter()
        sent.add(3)
        open_now = sent - answered
        """,
        "compute with its `value`",
        """
        sent, answered = rseq.Counter(), rseq.Counter()
        sent.add(3)
        open_now = sent.value - answered.value
        assert open_now == 3
        """,
    ),
    Refusal(
        TypeError,
        """
        seconds = rseq.Counter()
        seconds.add(1.75)
        """,
        "n is i64, an int of -9223372036854775808 to 9223372036854775807; got <class 'float'>; round it first",
        """
        seconds = rseq.Counter()
        seconds.add(round(1.75))
        assert seconds.value == 2
        """,
    ),
    Refusal(
        TypeError,
        """
        sizes = rseq.CounterArray(8)
        sizes[3] += 1
        """,
        "array.add(index, n)",
        """
        sizes = rseq.CounterArray(8)
        sizes.add(3, 1)
        assert sizes[3] == 1
        """,
    ),
    Refusal(
        ValueError,
        """
        sizes = rseq.CounterArray(0)
        """,
        "expected lengths of at least 1, got 0; an array has at least one element",
        """
        sizes = rseq.CounterArray(1)
        assert sizes.shape == (1,)
        """,
    ),
    Refusal(
        TypeError,
        """
        sizes = rseq.CounterArray(4)
        sizes += np.arange(4)
        """,
        "or x.merge(numbers)",
        """
        sizes = rseq.CounterArray(4)
        sizes.merge(np.arange(4))
        assert sizes.values().tolist() == [0, 1, 2, 3]
        """,
    ),
    Refusal(
        TypeError,
        """
        paths = rseq.KeyedCounter(8)
        paths["/cart"] += 1
        """,
        "counter.add(key, n)",
        """
        paths = rseq.KeyedCounter(8)
        paths.add("/cart", 1)
        assert paths["/cart"] == 1
        """,
    ),
    Refusal(
        ValueError,
        """
        latency = rseq.Histogram([0.1, 0.5, 1.0])
        latency.observe(0.3)
        latency.quantile(99)
        """,
        "for 99 % write 0.99",
        """
        latency = rseq.Histogram([0.1, 0.5, 1.0])
        latency.observe(0.3)
        assert 0.1 < latency.quantile(0.99) <= 0.5
        """,
    ),
    Refusal(
        TypeError,
        """
        latency = rseq.Histogram([0.1, 0.5, 1.0])

        @latency.time()
        def pages():
            yield "page"
        """,
        "write `with` around the part that is meant, in its body or where it is used",
        """
        latency = rseq.Histogram([0.1, 0.5, 1.0])

        def pages():
            with latency.time():
                page = "page"
            yield page

        assert list(pages()) == ["page"]
        assert latency.snapshot().count == 1
        """,
    ),
    Refusal(
        RuntimeError,
        """
        lock = rseq.SpinLock()

        def get():
            with lock:
                return 1

        with lock:
            get()
        """,
        "this thread holds that lock already",
        """
        lock = rseq.SpinLock()

        def get():
            with lock:
                return 1

        assert get() == 1
        """,
    ),
    Refusal(
        RuntimeError,
        """
        rcu = rseq.RCU()
        with rcu:
            rcu.synchronize()
        """,
        "leave the block first",
        """
        rcu = rseq.RCU()
        with rcu:
            pass
        rcu.synchronize()
        """,
    ),
    Refusal(
        TypeError,
        """
        events = rseq.RingBuffer(4096)
        events.write("started")
        """,
        "encode it first, as in text.encode()",
        """
        events = rseq.RingBuffer(4096)
        assert events.write("started".encode())
        (event,) = events.drain()
        assert bytes(event.data) == b"started"
        """,
    ),
    Refusal(
        TypeError,
        """
        pool = rseq.Pool(64, 4)
        buffer = bytearray(64)
        pool.release(buffer)
        """,
        "expected the memoryview that acquire() returned, got <class 'bytearray'>",
        """
        pool = rseq.Pool(64, 4)
        buffer = pool.acquire()
        pool.release(buffer)
        """,
    ),
    Refusal(
        ValueError,
        """
        hits = rseq.Counter(name="hits")
        """,
        "say in which, as in segment='shop'",
        """
        hits = rseq.Counter(name="hits", segment="shop")
        assert hits.name == "hits"
        """,
    ),
    Refusal(
        rseq.SegmentError,
        """
        sizes = rseq.CounterArray(8, name="sizes", segment="shop")
        other = rseq.CounterArray(16, name="sizes", segment="shop")
        """,
        "choose another name",
        """
        sizes = rseq.CounterArray(8, name="sizes", segment="shop")
        other = rseq.CounterArray(16, name="sizes-16", segment="shop")
        assert other.values().size == 16
        """,
    ),
    Refusal(
        TypeError,
        """
        import multiprocessing, operator
        hits = rseq.Counter()
        worker = multiprocessing.get_context("spawn").Process(target=operator.methodcaller("add", 3), args=(hits,))
        worker.start()
        """,
        "make it in a segment, as in rseq.Counter(…, segment='shop'): then it can be handed to any process, those that "
        'are started with "spawn" and "forkserver" too',
        """
        import multiprocessing, operator
        hits = rseq.Counter(segment="shop")
        worker = multiprocessing.get_context("spawn").Process(target=operator.methodcaller("add", 3), args=(hits,))
        worker.start()
        worker.join()
        assert hits.value == 3
        """,
    ),
]
