"""Values of compiled code: they are of the type that they were compiled for, and outlive no object."""

from __future__ import annotations

from typing import Any

import pytest

import rseq

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
from numba import literal_unroll  # noqa: E402
from numba.core.datamodel import default_manager  # noqa: E402
from numba.experimental import structref  # noqa: E402

OTHER = rseq.CounterArray((1 << 20,))
COUNTER = numba.typeof(rseq.Counter())
THINGS: list[Any] = []


@numba.njit
def handed_out() -> None:
    with numba.objmode(hits=COUNTER):
        hits = THINGS[0]
    hits.add(3)


def test_what_comes_as_another_type_than_was_compiled_for_is_refused() -> None:
    hits = rseq.Counter()
    THINGS[:] = [hits]
    handed_out()
    assert hits.value == 3
    empty = rseq.Counter.__new__(rseq.Counter)
    for wrong in (OTHER, rseq.Stack(2), OTHER.add, hits.add, len, None, 5, object(), COUNTER, empty):
        THINGS[:] = [wrong]
        with pytest.raises(TypeError):
            handed_out()
    assert hits.value == 3


def test_an_object_whose_class_was_replaced_is_what_it_was_made_as() -> None:
    hits = rseq.Counter()
    hits.__class__ = rseq.Stack  # type: ignore[assignment]

    @numba.njit
    def push(stack: Any) -> None:
        stack.push(1)

    with pytest.raises(numba.TypingError, match="push"):
        push(hits)


def test_a_subclass_has_attributes_of_its_own() -> None:
    class Own(rseq.CounterArray):
        hot, storage, bound, sequences, context = None, None, None, None, None  # type: ignore[assignment]

    @numba.njit
    def add(hits: Any, add_to: Any) -> None:
        hits.add(1, 3)
        add_to(1, 4)

    hits = Own(4)
    add(hits, hits.add)
    assert hits.values().tolist() == [0, 7, 0, 0]


def test_a_method_that_was_patched_and_put_back_is_inlined() -> None:
    @numba.njit
    def add(hits: Any) -> None:
        hits.add(2)

    declared, hits = vars(rseq.Max)["update"], rseq.Counter()
    rseq.Max.update = declared  # type: ignore[method-assign]

    class Own(rseq.Counter):
        def add(self, n: int = 1) -> None:
            """Nothing."""

    add(hits)
    with pytest.raises(numba.TypingError):
        add(Own())
    native, rseq.Counter.add = rseq.Counter.add, lambda self, n=1: None  # type: ignore[method-assign, assignment, misc]
    try:
        with pytest.raises(numba.TypingError):
            add(rseq.Counter())
    finally:
        rseq.Counter.add = native  # type: ignore[method-assign]
    add(hits)
    assert hits.value == 4


@structref.register
class HolderType(numba.types.StructRef):  # type: ignore[misc]
    """Of a struct."""


class Holder(structref.StructRefProxy):  # type: ignore[misc]
    def __new__(cls, counter: Any) -> Any:
        return structref.StructRefProxy.__new__(cls, counter)


structref.define_proxy(Holder, HolderType, ["counter"])


@pytest.mark.parametrize("wrap", [lambda hits: hits, lambda hits: (hits, 1), lambda hits: (1, (hits, hits))])
def test_a_structref_that_would_outlive_its_counter_is_refused(wrap: Any) -> None:
    for thing in (rseq.Counter(), rseq.Counter().add):
        with pytest.raises(numba.TypingError, match="cannot be kept in a structref, which may outlive it: its field"):
            Holder(wrap(thing))
    assert Holder(5) is not None


def test_nor_is_one_whose_counter_may_be_none() -> None:
    fields = [("counter", numba.types.Optional(numba.typeof(rseq.Counter())))]
    with pytest.raises(numba.TypingError, match="cannot be kept in a structref, which may outlive it: its field"):
        default_manager.lookup(HolderType(fields).get_data_type())


def test_numba_knows_a_counter_before_it_has_compiled_anything(run_script: Any) -> None:
    run_script("""
        import numba, rseq
        hits, flows = rseq.Counter(), rseq.CounterArray((2, 3))
        assert str(numba.typeof(hits)) == "rseq.Counter", numba.typeof(hits)

        @numba.njit(numba.void(numba.typeof(hits), numba.typeof(flows)))
        def count(hits, flows):
            hits.add(1)
            flows.add((1, 2))

        count(hits, flows)
        assert (hits.value, flows.values().sum()) == (1, 1)
    """)


def test_a_loop_over_a_tuple_of_different_structures() -> None:
    @numba.njit
    def add_to_all(counters: Any) -> None:
        for counter in literal_unroll(counters):
            counter.add(2)

    @numba.njit
    def both(one: Any, other: Any) -> Any:
        return other, one

    counters = (rseq.Counter(), rseq.FloatCounter(), rseq.Counter())
    add_to_all(counters)
    assert [counter.value for counter in counters] == [2, 2.0, 2]
    swapped = both(*counters[:2])
    assert swapped == (counters[1], counters[0])
    assert both(counters[0], counters[2]) == (counters[2], counters[0])
    with pytest.raises(numba.TypingError, match="cannot be kept in a list"):
        numba.njit(lambda one: [(one, one)])(counters[0])


def test_a_counter_is_itself() -> None:
    @numba.njit
    def same(one: Any, other: Any) -> Any:
        return one is other, one is not other

    hits = rseq.Counter()
    assert same(hits, hits) == (True, False)
    assert same(hits, rseq.Counter()) == (False, True)
    assert same(hits, rseq.Max()) == (False, True)
