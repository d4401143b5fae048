"""What builtins keep alive, and what they let go."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref
from pathlib import Path

import pytest

import rseq
from bound import Cell, add, bound, rows
from rseq import i64
from support import run_python


def test_a_counters_method_keeps_the_counter() -> None:
    hits = rseq.Counter()
    function, memory = hits.add, weakref.ref(hits.storage.memory)
    counter = weakref.ref(hits)
    del hits
    gc.collect()
    alive = counter()
    assert alive is not None
    function(5)
    assert alive.value == 5
    del alive, function
    gc.collect()
    assert (counter(), memory()) == (None, None)


def test_builtins_are_collected_with_what_they_hold() -> None:
    function, storage = bound()
    memory, binding = weakref.ref(storage.memory), sys.getrefcount(add)
    watched = weakref.ref(function)
    del storage
    gc.collect()
    assert memory() is not None
    del function
    gc.collect()
    assert (watched(), memory()) == (None, None)
    assert sys.getrefcount(add) < binding  # nor is the sequence held by it


def test_a_builtin_in_a_cycle_is_collected() -> None:
    class Owner:
        def __init__(self) -> None:
            self.hits = rseq.Counter()
            self.add = self.hits.add
            self.me = self

    owner = Owner()
    memory = weakref.ref(owner.hits.storage.memory)
    del owner
    gc.collect()
    assert memory() is None


def test_storage_keeps_the_arrays_whose_rows_it_may_hold() -> None:
    function, storage, nodes = rows()
    array = weakref.ref(nodes)
    function(nodes[1])
    del nodes, function
    gc.collect()
    assert array() is not None
    del storage
    gc.collect()
    assert array() is None


def objects_after_ten_thousand_counters() -> int:
    for _ in range(10_000):
        rseq.Counter().add(1)
    gc.collect()
    rseq.Counter()  # takes back what was given back
    gc.collect()
    return len(gc.get_objects())


def test_ten_thousand_counters_leave_nothing() -> None:
    before = objects_after_ten_thousand_counters()  # with deferred counts, that many are in use at once
    assert objects_after_ten_thousand_counters() - before < 100


def counts() -> list[int]:
    return [sys.getrefcount(thing) for thing in (None, True, False)]


@pytest.mark.parametrize("turns", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_reference_counts_stay_as_they_are_over_a_million_calls(turns: int) -> None:
    @rseq.sequence
    def odd(cpu: Cell, n: i64) -> bool:
        cpu.value += n
        return n & 1 == 1

    function, storage = bound()
    is_odd = odd.bind(storage)
    publish_row, _, nodes = rows()
    row, large, name = nodes[1], 1 << 40, "n"
    keywords = {name: large}
    things: list[object] = [large, row, name, function, is_odd, storage.memory, row.array, function.__self__]

    def call_all() -> None:
        function(large)
        function(large, times=3)
        function(**keywords)
        is_odd(large)
        is_odd(1)
        publish_row(row)
        publish_row(None)
        for arguments in (("x",), (), (1 << 70,)):
            with contextlib.suppress(TypeError, OverflowError):
                function(*arguments)

    call_all()  # the first unusual argument makes what converts them, for good
    before, before_things = counts(), [sys.getrefcount(thing) for thing in things]
    for _ in range(turns):
        call_all()
    assert [sys.getrefcount(thing) for thing in things] == before_things
    assert all(abs(after - start) < 1000 for after, start in zip(counts(), before, strict=True))


@pytest.mark.slow
def test_the_same_in_development_mode() -> None:
    """-X dev: CPython checks memory, types and counts as it goes."""
    run_python(
        """
        import sys, pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k",
            "not development_mode and not million and not thousand", *sys.argv[1:]]))
        """,
        *(str(Path(__file__).with_name(f"test_{name}.py")) for name in ("builtin", "kept", "pointers")),
        env={"PYTHONDEVMODE": "1", "PYTHONMALLOC": "debug"},
    )
