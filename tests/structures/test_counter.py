"""Counter and FloatCounter: one number for each CPU."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import sys
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import rseq
from support import ThreadSet, run_python

MAXIMUM = (1 << 63) - 1
INFINITE = float("inf")
INDICES = ["cpu_id", "mm_cid"]


def test_a_counter_counts() -> None:
    hits = rseq.Counter()
    assert hits.value == 0
    hits.add()
    hits.add(41)
    hits.add(n=-2)
    assert hits.value == 40
    assert type(hits.value) is int
    assert repr(hits) == "<rseq.Counter 40>"


def test_a_float_counter_counts() -> None:
    seconds = rseq.FloatCounter()
    seconds.add()
    seconds.add(0.25)
    seconds.add(n=2)
    assert seconds.value == 3.25
    assert type(seconds.value) is float
    assert repr(seconds) == "<rseq.FloatCounter 3.25>"


def test_integers_wrap_around() -> None:
    hits = rseq.Counter()
    hits.add(MAXIMUM)
    hits.add(1)
    assert hits.value == -MAXIMUM - 1


@pytest.mark.parametrize(
    ("kind", "given", "error"),
    [
        (rseq.Counter, MAXIMUM + 1, OverflowError),
        (rseq.Counter, -MAXIMUM - 2, OverflowError),
        (rseq.Counter, 1.0, TypeError),
        (rseq.Counter, "1", TypeError),
        (rseq.Counter, None, TypeError),
        (rseq.Counter, [], TypeError),
        (rseq.FloatCounter, 10**400, OverflowError),
        (rseq.FloatCounter, "1", TypeError),
        (rseq.FloatCounter, 1j, TypeError),
    ],
)
def test_what_does_not_fit_adds_nothing(kind: Any, given: object, error: type[Exception]) -> None:
    counter = kind()
    with pytest.raises(error, match=rf"^{kind.__name__}\.add\(\): n is "):
        counter.add(given)
    assert counter.value == 0


def test_numbers_of_numpy_and_bools_are_numbers() -> None:
    hits, seconds = rseq.Counter(), rseq.FloatCounter()
    for number in (np.int8(3), np.uint64(4), True):
        hits.add(number)  # type: ignore[arg-type]
    seconds.add(np.float32(0.5))  # type: ignore[arg-type]
    assert (hits.value, seconds.value) == (8, 0.5)


def test_floats_that_are_no_numbers() -> None:
    seconds = rseq.FloatCounter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seconds.add(INFINITE)
        assert seconds.value == INFINITE
        seconds.add(-INFINITE)
        assert seconds.value != seconds.value


def test_reading_a_sum_that_overflows_warns_of_nothing() -> None:
    seconds = rseq.FloatCounter()
    seconds.storage.view()["value"][:2] = 1.7e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seconds.value == INFINITE
    seconds.storage.view()["value"][:2] = INFINITE, -INFINITE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seconds.value != seconds.value


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.FloatCounter])
def test_every_lane_is_added(kind: Any) -> None:
    counter = kind()
    view = counter.storage.view()["value"]
    view[:] = 2 ** np.arange(len(view))
    assert counter.value == 2 ** len(view) - 1


@pytest.mark.parametrize("index", INDICES)
def test_per_cpu_is_a_copy_of_each_cpus_part(index: Any) -> None:
    hits = rseq.Counter(index=index)
    for _ in range(100):
        hits.add()
    parts = hits.per_cpu()
    assert parts.shape == (rseq.info().possible_cpus + 1,)
    assert parts.dtype == np.int64
    assert parts.sum() == 100
    parts[:] = 7
    assert hits.value == 100


@pytest.mark.needs_rseq
def test_a_thread_adds_on_the_cpu_that_it_runs_on() -> None:
    allowed = os.sched_getaffinity(0)
    hits = rseq.Counter()
    try:
        for cpu in sorted(allowed):
            os.sched_setaffinity(0, [cpu])
            hits.add(cpu + 1)
            assert hits.per_cpu()[cpu] == cpu + 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert hits.per_cpu()[-1] == 0  # nobody took the spare lane


@pytest.mark.parametrize("index", ["cpu", None, 0, "node_id"])
def test_another_index_is_refused(index: Any) -> None:
    with pytest.raises(ValueError, match=r"^index: expected 'cpu_id' or 'mm_cid', got "):
        rseq.Counter(index=index)


def test_counters_are_apart() -> None:
    counters = [rseq.Counter() for _ in range(2000)]
    for number, counter in enumerate(counters):
        counter.add(number)
    assert [counter.value for counter in counters] == list(range(2000))


def test_counters_lie_densely() -> None:
    counters = [rseq.Counter() for _ in range(512 * 4)]
    pages = {counter.storage.place.base // 4096 for counter in counters}
    assert len({counter.storage.place.base for counter in counters}) == len(counters)
    assert len(pages) <= 16  # 4 full ones, were these the only items of the process


def test_memory_is_used_again_and_is_zero() -> None:
    addresses = set()
    for _ in range(50):
        hits = rseq.Counter()
        assert hits.value == 0
        hits.add(5)
        addresses.add(hits.storage.place.base)
        del hits
        if sys.version_info >= (3, 13) and not sys._is_gil_enabled():
            gc.collect()  # whose count is deferred is freed by the collector only
    assert len(addresses) <= 4


def test_a_counter_is_collected_although_its_builtin_is_its_own() -> None:
    hits = rseq.Counter()
    watched = weakref.ref(hits)
    del hits
    gc.collect()
    assert watched() is None


def test_a_view_keeps_the_memory() -> None:
    hits = rseq.Counter()
    view, add = hits.storage.view()["value"], hits.add
    del hits
    gc.collect()
    add(3)
    del add
    gc.collect()
    others = [rseq.Counter() for _ in range(100)]
    for other in others:
        other.add()
    assert view.sum() == 3


def test_a_counter_has_no_other_attributes() -> None:
    hits: Any = rseq.Counter()
    with pytest.raises(AttributeError):
        hits.value = 5
    with pytest.raises(AttributeError):
        hits.colour = 5


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.FloatCounter])
def test_a_counter_cannot_be_pickled_or_copied(kind: Any) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(
            TypeError, match=rf"^a private {kind.__name__} cannot be pickled or copied: its memory belongs to"
        ):
            attempt(kind())


def test_a_counter_may_be_subclassed() -> None:
    class Hits(rseq.Counter):
        def twice(self) -> None:
            self.add(2)

    hits = Hits()
    hits.twice()
    assert hits.value == 2
    assert hits.add.__qualname__.endswith("Hits.add")
    with pytest.raises(TypeError, match=r"^Counter\.add\(\): n is i64"):
        hits.add("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("index", INDICES)
def test_threads_lose_nothing(index: Any, threads: ThreadSet) -> None:
    hits = rseq.Counter(index=index)

    def work() -> None:
        add = hits.add
        for _ in range(20_000):
            add()

    threads.run(4, work)
    assert hits.value == 80_000


# Where mm_cid is not what it seems


UNREGISTER = """
    import ctypes, threading, rseq
    from rseq._arch import host
    from rseq._thread.registration import rseq_offset, calling_thread

    def unregister():
        "Take this thread's registration back: the kernel leaves cpu_id -1 and mm_cid 0."
        libc, area = ctypes.CDLL(None, use_errno=True), calling_thread().area
        number, signature = host().syscall, host().signature
        results = [libc.syscall(number, ctypes.c_void_p(area), size, 1, ctypes.c_uint(signature)) for size in (32, 33)]
        assert 0 in results, results
        assert not rseq.available()
        assert ctypes.c_uint32.from_address(area + 24).value == 0  # mm_cid: the trap
"""


@pytest.mark.needs_rseq
@pytest.mark.parametrize("index", INDICES)
def test_an_unregistered_thread_takes_the_spare_lane(index: str) -> None:
    run_python(
        UNREGISTER
        + """
    import sys
    hits = rseq.Counter(index=sys.argv[1])

    def work():
        unregister()
        for _ in range(1000):
            hits.add()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert hits.per_cpu()[-1] == 1000, hits.per_cpu()
    assert hits.value == 1000
    """,
        index,
    )


@pytest.mark.needs_rseq
def test_a_kernel_that_does_not_keep_mm_cid_leaves_the_spare_lane_only() -> None:
    run_python(
        """
        import rseq
        from rseq._thread import registration, report
        registration.auxv = report.auxv = lambda entry: 20  # as before Linux 6.3; libc's own size says no more
        registration.rseq_size = report.rseq_size = lambda: 20
        assert "mm_cid" not in rseq.info().fields
        compact, plain = rseq.Counter(index="mm_cid"), rseq.Counter()
        for _ in range(1000):
            compact.add()
            plain.add()
        assert compact.per_cpu()[-1] == compact.value == 1000
        assert plain.per_cpu()[-1] == 0 and plain.value == 1000
        sentence = {lack.what: lack.sentence for lack in rseq.info().missing}["mm_cid"]
        assert 'storage with index="mm_cid" has only the spare lane' in sentence
        """
    )


def test_a_subclass_may_override_add_and_call_it() -> None:
    class Doubling(rseq.Counter):
        def add(self, n: int = 1) -> None:
            super().add(2 * n)

    hits = Doubling()
    hits.add(3)
    assert hits.value == 6


def test_a_counter_that_was_not_set_up_says_so() -> None:
    rseq.Counter()
    empty = rseq.Counter.__new__(rseq.Counter)
    with pytest.raises(TypeError, match=r"^this object was made without calling __init__$"):
        empty.add()
    with pytest.raises(TypeError, match=r"^this Counter was made without calling __init__$"):
        empty.value  # noqa: B018


def test_a_counter_is_set_up_once() -> None:
    hits = rseq.Counter()
    hits.add(3)
    with pytest.raises(TypeError, match=r"^this Counter has been set up; __init__ is called once$"):
        hits.__init__()  # type: ignore[misc]
    assert hits.value == 3


def test_no_name_leads_to_what_machine_code_trusts() -> None:
    hits = rseq.Counter()
    for name in ("_payload", "_storage", "storage", "add", "other"):
        with pytest.raises(AttributeError):
            setattr(hits, name, 1)
    hits.add()
    assert hits.value == 1


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.FloatCounter])
def test_a_wrong_argument_names_the_class_that_the_user_knows(kind: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\.__init__\(\) takes 1 positional argument"):
        kind(5)
