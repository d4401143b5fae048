"""Results `i64 | None`: machine code, the spare lane, Numba and the interpreter agree on them."""

from __future__ import annotations

import pytest

import rseq
import support
from rseq import i64, prepared, u64
from rseq._language.interpret import Memory, run

pytestmark = pytest.mark.usefixtures("cpu")


class Items(rseq.Record):
    count: i64
    slots: prepared[u64[8]]


@rseq.sequence
def push(cpu: Items, value: u64) -> bool:
    n = cpu.count
    if n == 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Items) -> u64 | None:
    n = cpu.count
    if n == 0:
        return None
    top = n - 1
    value = cpu.slots[top]
    cpu.count = top
    return value


@rseq.sequence
def is_even(cpu: Items) -> bool | None:
    n = cpu.count
    if n == 0:
        return None
    return n % 2 == 0


@rseq.sequence  # noqa: RET503 - its end returns None, as Python's does
def falls_off(cpu: Items, at_least: i64) -> i64 | None:
    n = cpu.count
    if n < at_least:
        pass
    else:
        return n


@rseq.routine
def pop_sum(cpu: Items) -> u64 | None:
    """The sum of the upper two, of one if there is no more, None of none."""
    first = pop(cpu)
    if first is None:
        return None
    second = pop(cpu)
    if second is not None:
        first = first + second
    return first


@rseq.routine
def drain(cpu: Items) -> u64:
    total: u64 = 0
    while True:
        item = pop(cpu)
        if item is None:
            break
        total += item
    return total


def script() -> list[object]:
    """What a few calls come to."""
    storage = rseq.percpu(Items)
    put, get, even, off, two, rest = (code.bind(storage) for code in (push, pop, is_even, falls_off, pop_sum, drain))
    found: list[object] = [get(), even(), off(1), two(), rest()]
    found += [put(7), even(), put(2**64 - 1), even(), off(2), off(3), get(), get(), get()]
    found += [put(3), put(4), two(), put(5), two(), two()]
    return [*found, *(put(number) for number in range(9)), rest(), rest()]


EXPECTED = [
    *[None, None, None, None, 0],
    *[True, False, True, True, 2, None, 2**64 - 1, 7, None],
    *[True, True, 7, True, 5, None],
    *[True] * 8,
    *[False, 28, 0],
]


@pytest.mark.needs_rseq
def test_none_is_a_result() -> None:
    assert script() == EXPECTED


def test_none_is_a_result_on_the_spare_lane() -> None:
    code = "import test_none_results as t; assert t.script() == t.EXPECTED, t.script()"
    tests = support.ROOT / "tests"
    path = f"sys.path[:0] = [{str(tests)!r}, {str(tests / 'native')!r}]"
    support.run_python(f"import sys; {path}; {code}", env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"})


def test_the_interpreter_says_the_same() -> None:
    memory = Memory.of(Items)
    assert run(pop.body, memory) is None
    assert run(pop_sum.body, memory) is None
    assert run(is_even.body, memory) is None
    for number in (1, 2, 3):
        run(push.body, memory, [number])
    assert run(is_even.body, memory) is False
    assert run(pop_sum.body, memory) == 5
    assert run(pop_sum.body, memory) == 1
    assert run(drain.body, memory) == 0


@pytest.mark.needs_rseq
def test_numba_gets_an_optional() -> None:
    numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
    storage = rseq.percpu(Items)
    put, get, two = push.bind(storage), pop.bind(storage), pop_sum.bind(storage)

    @numba.njit
    def take_all() -> int:
        total = 0
        while True:
            item = get()
            if item is None:
                return total
            total += item

    @numba.njit
    def pair() -> object:
        return two()

    assert pair() is None
    put(2)
    put(3)
    assert take_all() == 5
    put(4)
    assert pair() == 4


def test_what_may_be_none_is_no_number_before_it_is_compared() -> None:
    with pytest.raises(rseq.CompileError, match="item may be None here"):

        @rseq.routine
        def doubled(cpu: Items) -> u64:
            item = pop(cpu)
            return item * 2  # type: ignore[operator]


def test_none_leaves_before_the_commit() -> None:
    with pytest.raises(rseq.ContractError, match="none-after-commit"):

        @rseq.sequence
        def late(cpu: Items) -> i64 | None:
            cpu.count += 1
            return None
