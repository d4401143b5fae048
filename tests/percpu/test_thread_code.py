"""The machine code for threads without the GIL, beside what Python does with the same table."""

from __future__ import annotations

import ctypes
import threading
import warnings
from typing import Any

import pytest

from rseq._percpu import thread_code
from rseq._percpu.threads import LEFT_BEHIND, Known, Table, layout, table, thread_id
from support import ThreadSet


def function(name: str, returns: Any, arguments: int) -> Any:
    """One of the functions, called without the GIL, about this process's table."""
    kinds = [ctypes.c_uint64] * (1 + arguments)
    made = ctypes.CFUNCTYPE(returns, *kinds)(thread_code.symbols()[f"rseq_thread_{name}"])
    return lambda *words, of=None: made((of or table()).context, *words)


claim, ended = function("claim", ctypes.c_uint64, 0), function("ended", ctypes.c_uint64, 1)
took_over, refused = (function(name, None, 1) for name in ("took_over", "refused"))
has_ended = table().has_ended


def test_a_number_that_is_claimed_without_the_gil_is_the_threads_own(threads: ThreadSet) -> None:
    numbers: list[int] = []
    together = threading.Barrier(40)

    def claims() -> None:
        together.wait()
        number = claim()
        assert number
        assert table().known_id() == thread_id() == number
        numbers.append(number)
        together.wait()
        assert not ended(number)
        assert not has_ended(number)
        together.wait()

    for _ in range(40):
        threads.start(claims)
    threads.join()
    assert len(set(numbers)) == 40
    for number in numbers:
        while not has_ended(number):  # the kernel is about to say so
            pass
        assert ended(number)


def test_both_find_out_about_the_same_threads(threads: ThreadSet) -> None:
    mine = thread_id()
    numbers: list[int] = []
    for _ in range(20):
        threads.start(lambda: numbers.append(thread_id()))
        threads.join()
    others = [LEFT_BEHIND | mine, mine + (2 << 16), mine - (1 << 16), *numbers, mine]
    for number in others:
        while number in numbers and not has_ended(number):
            pass
        assert bool(ended(number)) is has_ended(number), number


def test_slots_of_ended_threads_are_used_again(threads: ThreadSet) -> None:
    before = table()._used.value
    for _ in range(100):
        threads.start(claim)
        threads.join()
    assert table()._used.value < before + 50


def test_what_is_noted_without_the_gil_is_said_once() -> None:
    number = thread_id()
    took_over(number)
    took_over(number)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread_code.say_what_was_noted()
        thread_code.say_what_was_noted()
    assert len(caught) == 2
    assert "held a lock and has ended" in str(caught[0].message)


def test_a_note_and_a_refusal_are_about_a_thread_of_that_table() -> None:
    new = Table()
    mine = claim(of=new)
    assert mine == new.known_id()
    new._slot(mine & 0xFFFF).name = b"of the other"
    took_over(mine, of=new)
    with pytest.warns(RuntimeWarning, match=r"\(of the other\) of process \d+ held a lock"):
        thread_code.say_what_was_noted()
    refused(mine, of=new)
    assert str(thread_code.Refused()).startswith("this thread holds that lock already")
    refused(mine + (2 << 16), of=new)
    assert "a thread that has ended" in str(thread_code.Refused())
    refused(thread_id())
    assert str(thread_code.Refused()).startswith("this thread holds that lock already")


def test_more_notes_than_there_is_room_for_lose_the_oldest() -> None:
    for number in range(1, 200):
        took_over(LEFT_BEHIND | number << 16 | 60_000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread_code.say_what_was_noted()
    assert len(caught) == 64


def test_a_note_whose_warning_is_interrupted_is_said_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(table: Table, number: int) -> str:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(Table, "describe", interrupted)
    took_over(thread_id())
    with pytest.raises(KeyboardInterrupt):
        thread_code.say_what_was_noted()
    with pytest.warns(RuntimeWarning, match="held a lock"):
        thread_code.say_what_was_noted()


def test_a_refusal_names_the_thread_that_it_is_about(threads: ThreadSet) -> None:
    thread_id()
    numbers: list[int] = []
    threads.start(lambda: numbers.append(thread_id()))
    threads.join()
    refused(numbers[0])
    assert str(thread_code.Refused()).startswith("that lock is held by thread ")
    refused(thread_id())
    assert str(thread_code.Refused()).startswith("this thread holds that lock already")
    refused(0)
    assert str(thread_code.Refused()).startswith("nobody holds that lock")


def test_the_code_has_the_table_of_this_process() -> None:
    place = table().known() or (thread_id() and table().known())
    assert isinstance(place, Known)
    assert place.generation_at == table()._first + (thread_id() & 0xFFFF) * layout()["slot"] + layout()["generation_at"]
