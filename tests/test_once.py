"""What is made once is made once, whoever asks at the same time."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import rseq
from rseq._language.types import SCALARS
from rseq._once import once
from rseq._structures.cell import adder
from support import ThreadSet

PACKAGE = Path(rseq.__file__ or "").parent


def test_threads_that_ask_at_once_get_one_thing(threads: ThreadSet) -> None:
    made: list[object] = []
    got: list[object] = []

    @once
    def thing(name: str) -> object:
        for _ in range(4):
            os.sched_yield()  # the others ask now
        made.append(name)
        return object()

    threads.run(4, lambda: got.append(thing("it")))
    assert made == ["it"]
    assert len(got) == 4
    assert len(set(map(id, got))) == 1


def test_each_set_of_arguments_has_its_own() -> None:
    @once
    def pair(one: int, other: int = 0) -> list[int]:
        return [one, other]

    assert pair(1) is pair(1)
    assert pair(1, other=2) is pair(1, other=2)
    assert [pair(1), pair(2), pair(1, other=2)] == [[1, 0], [2, 0], [1, 2]]
    assert pair.__name__ == "pair"


def test_an_exception_is_not_remembered() -> None:
    tries: list[int] = []

    @once
    def fails_first() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return len(tries)

    with pytest.raises(OSError, match=r"^$"):
        fails_first()
    assert fails_first() == fails_first() == 2


def test_what_interrupts_the_making_gets_what_all_get() -> None:
    inner: list[object] = []

    @once
    def interrupted() -> object:
        if not inner:  # as a signal handler does it
            inner.append(None)
            inner[0] = interrupted()
        return object()

    assert interrupted() is inner[0]
    assert interrupted() is inner[0]


def test_threads_that_make_the_same_structure_share_its_sequences(threads: ThreadSet) -> None:
    got: list[object] = []
    threads.run(4, lambda: got.append(adder(SCALARS["i16"])))
    assert len(set(map(id, got))) == 1


def test_nothing_that_must_be_one_is_merely_cached() -> None:
    """Records and sequences, and what is registered for forks: `functools.cache` would let two threads make two."""
    cached = re.compile(r"^@cache\ndef (\w+)\(.*?(?=^\S)", re.MULTILINE | re.DOTALL)
    wrong = [
        f"{path.relative_to(PACKAGE)}: {found[1]}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "_bench" not in path.parts and "_stress" not in path.parts
        for found in cached.finditer(path.read_text() + "\n#")
        if re.search(r"register_at_fork|\(Record\)|@routine|@sequence|\b_code\(|_compile\(|LOCK", found[0])
    ]
    assert wrong == []
