"""What machine code trusts about an object, and what Python code can do to it: a sentence, and never a crash."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from makers import GIVEN, HOT, made
from rseq._structures.shipped import shipped
from rseq._structures.structure import Structure
from support import run_python

ORDINARY = ("hot", "context", "_sequences", "storage", "kind", "number", "payload", "state")
each_structure = pytest.mark.parametrize("kind", HOT, ids=lambda kind: kind.__name__)


def test_all_structures_and_hot_methods_are_here() -> None:
    assert set(HOT) == set(shipped())
    for kind, hot in HOT.items():
        assert {name for name in hot if not name.startswith("__")} == set(_hot_of(made(kind)))


def _hot_of(thing: Structure) -> tuple[str, ...]:
    from rseq._structures.structure import hot_methods

    return hot_methods(thing)


@each_structure
@pytest.mark.parametrize("name", ORDINARY)
def test_a_subclass_has_attributes_of_its_own(kind: type[Any], name: str) -> None:
    class Own(kind):
        pass

    setattr(Own, name, None)
    thing = made(kind, Own)
    setattr(thing, name, 5)
    before = repr(thing)
    for hot, arguments in HOT[kind].items():
        if hot in ("add", "observe", "update", "acquire_row", "read_lock", "write", "push"):
            getattr(thing, hot)(*arguments)
            assert hot == "update" or repr(thing) != before or kind in (rseq.CounterArray, rseq.RingBuffer)
    assert getattr(thing, name) == 5


@each_structure
def test_an_object_whose_class_was_replaced_by_another_structure_is_refused_by_its_methods(kind: type[Any]) -> None:
    for other in HOT:
        if other is kind:
            continue
        thing = made(other)
        try:
            thing.__class__ = kind
        except TypeError:
            continue  # their layouts differ
        for name, arguments in HOT[kind].items():
            with pytest.raises(
                TypeError, match=rf"^this object was not made as a {kind.__name__}, though its class is"
            ):
                getattr(thing, name)(*arguments)


@each_structure
def test_methods_of_one_structure_refuse_another(kind: type[Any]) -> None:
    thing = made(rseq.Stack if kind is not rseq.Stack else rseq.Counter)
    made(kind)
    for name, arguments in HOT[kind].items():
        with pytest.raises(TypeError, match=f"doesn't apply to a '{type(thing).__name__}' object"):
            getattr(kind, name)(thing, *arguments)
        for thing_of_none in (None, 5, object(), kind):
            with pytest.raises(TypeError, match="doesn't apply to"):
                getattr(kind, name)(thing_of_none, *arguments)


@pytest.mark.parametrize("bases", [(rseq.Counter, rseq.Stack), (rseq.Stack, rseq.Counter), (rseq.Max, rseq.Min)])
def test_a_class_of_two_structures_is_refused_when_it_is_made(bases: tuple[type, ...]) -> None:
    names = " and ".join(base.__name__ for base in bases)
    with pytest.raises(TypeError, match=rf"^class Both: an object is one structure, and cannot be {names}, whose "):
        type("Both", bases, {})


def test_a_class_that_becomes_one_of_two_structures_makes_no_objects() -> None:
    class Quiet:
        def __init_subclass__(cls) -> None:
            """It calls nobody else's."""

    class Both(Quiet, rseq.Counter, rseq.Stack):  # type: ignore[misc]
        pass

    with pytest.raises(TypeError, match=r"^class Both: an object is one structure, and cannot be Counter and Stack"):
        Both()

    class Own(rseq.Counter):
        pass

    hits = Own()
    Own.__bases__ = (rseq.Stack,)
    with pytest.raises(TypeError, match=r"^this object was not made as a Stack"):
        hits.push(1)  # type: ignore[attr-defined]


def test_a_class_with_another_layout_is_refused_by_python() -> None:
    class Slotted:
        __slots__ = ("something",)

    for other in (Slotted, dict, int, bytes, Exception, threading.local):
        with pytest.raises(TypeError, match=r"lay-?out conflict"):
            type("Mixed", (other, rseq.Counter), {})


def test_hot_methods_are_declared_once() -> None:
    with pytest.raises(TypeError, match=r"^class Own: it has the hot methods of Counter, and no others$"):

        class Own(rseq.Counter, hot=("add", "other")):
            pass


def test_a_metaclass_that_lies_changes_nothing() -> None:
    class Meta(type):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(cls, other: object) -> bool:
            raise AssertionError("never asked")

        def __getattribute__(cls, name: str) -> Any:
            if name in ("hot", "context", "_sequences"):
                raise AssertionError("never asked")
            return super().__getattribute__(name)

    class Own(rseq.SpinLock, metaclass=Meta):
        __class__ = property(lambda self: rseq.Stack)  # type: ignore[assignment]

    lock = Own()
    with lock as cpu:
        assert cpu in lock.holders()
    with pytest.raises(TypeError, match="doesn't apply to a 'Own' object"):
        rseq.Stack.push(lock, 1)  # type: ignore[arg-type]


@each_structure
def test_objects_that_were_made_without_init_say_so(kind: type[Any]) -> None:
    made(kind)
    for empty in (kind.__new__(kind), object.__new__(kind)):
        for name, arguments in HOT[kind].items():
            with pytest.raises(TypeError, match=r"was made without calling __init__$"):
                getattr(empty, name)(*arguments)
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="was made without calling __init__"):
                copied(empty)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        object.__reduce_ex__(made(kind), 4)


@each_structure
def test_init_twice_changes_nothing(kind: type[Any]) -> None:
    thing = made(kind)
    others = {
        rseq.CounterArray: (5,),
        rseq.Histogram: ([3],),
        rseq.KeyedCounter: (5,),
        rseq.Pool: (8, 4),
        rseq.RingBuffer: (999,),
        rseq.Stack: (9,),
    }
    arguments = GIVEN | others
    for again in (thing.__init__, lambda *given: kind.__init__(thing, *given)):
        with pytest.raises(TypeError, match=rf"^this {kind.__name__} has been set up; __init__ is called once$"):
            again(*arguments.get(kind, ()))
    for name, given in HOT[kind].items():
        if name not in ("acquire", "__exit__", "release", "__enter__"):
            getattr(thing, name)(*given)


def test_of_two_threads_that_set_one_object_up_one_does() -> None:
    for _ in range(200):
        hits, start, outcomes = rseq.Counter.__new__(rseq.Counter), threading.Barrier(2), []

        def begin(hits: rseq.Counter = hits, start: Any = start, outcomes: Any = outcomes) -> None:
            start.wait()
            try:
                hits.__init__()  # type: ignore[misc]
                outcomes.append("set up")
            except TypeError:
                outcomes.append("refused")

        workers = [threading.Thread(target=begin) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(outcomes) == ["refused", "set up"]
        hits.add(3)
        assert hits.value == 3


def test_what_with_remembers_may_be_overwritten() -> None:
    from rseq._builtins.method import thread_state

    for make in (rseq.SpinLock, rseq.RCU):
        thing = make()
        for wrong in (5, "text", None, (), (1,), ("x", "y", "z"), [0, 1, None], (10**30, 0, None)):
            thing._entered[thread_state()] = wrong
            with pytest.raises((RuntimeError, TypeError, IndexError, OverflowError)):
                thing.__exit__(None, None, None)
            thing._entered.clear()
        with thing:
            pass


class Cell(rseq.Record):
    value: rseq.i64


@rseq.sequence
def add(cpu: Cell, n: rseq.i64 = 1) -> None:
    cpu.value += n


@pytest.mark.parametrize("make", [lambda: rseq.Counter().add, lambda: add.bind(rseq.percpu(Cell))])
def test_what_is_called_while_its_cycle_is_taken_apart_touches_no_other_memory(make: Callable[[], Any]) -> None:
    said: list[str] = []

    def make_garbage() -> None:
        counting = make()

        class Last(int):  # the collector does not know its objects: they go when the dict that holds them is emptied
            __slots__ = ()

            def __del__(self, counting: Any = counting) -> None:
                others.extend(rseq.Counter() for _ in range(100))
                try:
                    counting(7)
                    said.append("added")
                except TypeError as error:
                    said.append(str(error))

        class Cycle:
            pass

        cycle = Cycle()
        cycle.me, cycle.last, cycle.counting = cycle, Last(5), counting  # type: ignore[attr-defined]

    others: list[rseq.Counter] = []
    for _ in range(8):
        make_garbage()
        gc.collect()
    others.extend(rseq.Counter() for _ in range(100))
    assert set(said) <= {"added", "this object was made without calling __init__"}
    assert len(said) == 8
    assert not any(other.value for other in others)


# ---- patching


PATCHED_FIRST = """
from unittest import mock
import rseq

def check(kind, name, made_of, given):
    declared = vars(kind)[name]
    with mock.patch.object(kind, name, lambda self, *given: "patched"):
        first = kind(*made_of)
        assert getattr(first, name)(*given) == "patched"
        assert getattr(kind(*made_of), name)(*given) == "patched"
    wanted = type(getattr(kind(*made_of), name)(*given))
    assert wanted is not str
    for thing in (first, kind(*made_of)):
        assert type(getattr(thing, name)(*given)) is wanted
    assert type(vars(kind)[name]).__name__ == "method_descriptor", vars(kind)[name]
    assert type(declared(kind(*made_of), *given)) is wanted
    own = type("Own", (kind,), {name: lambda self, *given: [getattr(super(own, self), name)(*given)]})
    assert type(getattr(own(*made_of), name)(*given)[0]) is wanted

for kind, name, made_of, given in %s:
    check(getattr(rseq, kind), name, made_of, given)
"""


def test_a_method_that_was_patched_before_the_first_object_is_as_before_afterwards() -> None:
    table = [
        (kind.__name__, name, GIVEN.get(kind, ()), given)
        for kind, methods in HOT.items()
        for name, given in methods.items()
        if name not in ("release", "__enter__", "__exit__")
    ]
    for position in (0, -1):  # the first of each structure, and the last
        chosen = {row[0]: row for row in (table if position else reversed(table))}
        run_python(PATCHED_FIRST % list(chosen.values()))


def test_with_that_was_patched_before_the_first_object_works_afterwards() -> None:
    run_python("""
        from unittest import mock
        import rseq
        with mock.patch.object(rseq.SpinLock, "__enter__", lambda self: "patched"), \\
             mock.patch.object(rseq.SpinLock, "__exit__", lambda self, *_: None):
            lock = rseq.SpinLock()
            with lock as cpu:
                assert cpu == "patched"
        for _ in range(2):
            with lock as cpu:
                assert cpu in lock.holders()
            assert not lock.holders()
        assert type(vars(rseq.SpinLock)["__enter__"]).__name__ == "method_descriptor"
    """)


def test_a_subclass_calls_the_method_that_it_overrides() -> None:
    run_python("""
        import rseq
        class Twice(rseq.Counter):
            def add(self, n=1, original=rseq.Counter.add):    # kept before there is machine code
                super().add(n)
                original(self, n)
                rseq.Counter.add(self, n=n)
        hits = Twice()
        hits.add(2)
        hits.add()
        assert hits.value == 9, hits.value
    """)


def test_a_method_that_is_deleted_and_put_back_works() -> None:
    run_python("""
        import rseq
        declared = rseq.Counter.add
        del rseq.Counter.add
        hits = rseq.Counter()
        try:
            hits.add()
        except AttributeError:
            rseq.Counter.add = declared
        hits.add()
        rseq.Counter()
        hits.add()
        assert hits.value == 2
    """)
