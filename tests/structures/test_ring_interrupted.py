"""A ring's reader, whatever a signal handler does in the middle of it: raise, fork, or read."""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any

import pytest

import rseq
from interruptions import InterruptError, interrupt, interrupted
from rseq import u64

RINGS: dict[str, Callable[..., rseq.RingBuffer]] = {
    "bytes": partial(rseq.RingBuffer, 1 << 12),
    "overwriting": partial(rseq.RingBuffer, 1 << 12, "overwrite"),
    "rows": partial(rseq.RingBuffer, 64, dtype=u64),
    "overwriting rows": partial(rseq.RingBuffer, 64, "overwrite", dtype=u64),
    "without a clock": partial(rseq.RingBuffer, 1 << 12, clock=False),
}
STEPS = pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
FORKS = pytest.mark.parametrize("step", [131, pytest.param(7, marks=pytest.mark.slow)])
WAYS: dict[str, Callable[[rseq.RingBuffer], list[Any]]] = {
    "drain": lambda ring: [event.data for event in ring.drain()],
    "drain_array": lambda ring: ring.drain_array()["data"].tolist(),
}


def numbers(found: list[Any]) -> list[int]:
    return [one if isinstance(one, int) else int.from_bytes(one, "little") for one in found]


class Written:
    """Records with the numbers 0, 1, 2 …"""

    def __init__(self, ring: rseq.RingBuffer) -> None:
        self.ring, self.count = ring, 0

    def write(self, how_many: int) -> None:
        for number in range(self.count, self.count + how_many):
            self.ring.write(number if self.ring.dtype is not None else number.to_bytes(8, "little"))
        self.count += how_many

    def all(self) -> list[int]:
        return list(range(self.count))


def cases() -> Iterator[Any]:
    for name, make in RINGS.items():
        for way in WAYS if "rows" in name else ["drain"]:
            yield pytest.param(make, WAYS[way], id=f"{name} {way}")


@STEPS
@pytest.mark.parametrize(("make", "read"), list(cases()))
def test_an_exception_anywhere_loses_nothing_doubles_nothing_and_holds_nothing(make: Any, read: Any, step: int) -> None:
    written = Written(make())
    found: list[int] = []
    for turn in count(0, step):
        written.write(2)
        with suppress(InterruptError), interrupted(turn, interrupt) as where:
            found += numbers(read(written.ring))
        assert len(written.ring) + len(found) == written.count
        if turn % 4 == 0 or not where:
            found += numbers(read(written.ring))
            assert sorted(found) == written.all(), where
        if not where:
            break
    assert turn > 50
    assert written.ring.lost == 0


@pytest.mark.parametrize("read", [lambda ring: [event.data for event in ring.peek()], lambda ring: [0] * len(ring)])
def test_an_exception_anywhere_while_looking_takes_nothing_out(read: Any) -> None:
    written = Written(rseq.RingBuffer(1 << 12))
    written.write(3)
    for turn in count(0, 3):
        with suppress(InterruptError), interrupted(turn, interrupt) as where:
            assert len(read(written.ring)) == 3
        assert len(written.ring) == 3
        if not where:
            break
    assert turn > 50


class Forks:
    """A handler that forks; the child goes on with what it has interrupted, and says how many records that has read."""

    def __init__(self) -> None:
        self.child = -1
        self._read, self._write = os.pipe()

    def __call__(self) -> None:
        self.child = os.fork()

    @contextmanager
    def ending_child(self) -> Iterator[None]:
        """A child that fails ends here."""
        try:
            yield
        except BaseException:
            if self.child == 0:
                traceback.print_exc()
                os._exit(1)
            raise

    def tell(self, found: list[int]) -> None:
        """In the child."""
        os.write(self._write, b"".join(number.to_bytes(2, "little") for number in [len(found), *found]))
        os._exit(0)

    def told(self) -> list[int] | None:
        """What the child has read, in the parent."""
        if self.child < 0:
            return None
        assert os.waitpid(self.child, 0)[1] == 0, "the child has failed"
        self.child = -1
        said = os.read(self._read, 1 << 12)
        words = [int.from_bytes(said[at : at + 2], "little") for at in range(0, len(said), 2)]
        assert words[0] == len(words) - 1
        return words[1:]


@pytest.mark.one_in(2)
@FORKS
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("make", "read"), list(cases()))
def test_a_fork_anywhere_leaves_each_record_to_the_parent_or_copies_it(
    make: Any, read: Any, shared: bool, step: int
) -> None:
    """In a segment the call goes on in the parent, and the child gets nothing; else each has read its own copy.

    The one is forked where the other is not.
    """
    segment = rseq.Segment() if shared else None
    written, forks = Written(make(segment=segment)), Forks()
    found: list[int] = []
    for turn in count(int(shared), step):
        written.write(2)
        new: list[int] = []
        with forks.ending_child(), interrupted(turn, forks) as where:
            new = numbers(read(written.ring))
        if forks.child == 0:
            forks.tell(new)
        found += new
        assert sorted(found) == written.all(), where
        copied = forks.told()
        if copied is None:
            break
        assert sorted(copied) == ([] if shared else sorted(new)), where
        assert len(written.ring) == 0
    assert turn > 50


def is_reading(ring: rseq.RingBuffer) -> bool:
    return ctypes.c_uint64.from_address(ring._reader._turn_address).value != 0


def test_a_handler_that_reads_in_the_middle_is_refused_or_comes_before_or_after() -> None:
    written = Written(rseq.RingBuffer(1 << 12))
    found: list[int] = []
    refused = 0

    def handler() -> None:
        nonlocal refused
        if not is_reading(written.ring):
            found.extend(numbers([event.data for event in written.ring.drain()]))
            return
        refused += 1
        with pytest.raises(RuntimeError, match="has been interrupted by a signal"):
            written.ring.drain()

    for turn in count(0, 3):
        written.write(2)
        with interrupted(turn, handler) as where:
            found += numbers([event.data for event in written.ring.drain()])
        assert sorted(found) == written.all(), where
        if not where:
            break
    assert refused > 20
