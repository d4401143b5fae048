"""Gauges: each process has a line, in which it writes its own value. What the lines together mean, the mode says.

    block:   | epoch |         | line | line | …        16 lines; from the 17th process on, they are in further blocks
    line:    | version | copy | copy |                  the copy number `version % 2` holds
    copy:    | epoch | life | pid | value | time | left | left at |

A process has the line of its slot in the segment, which the kernel takes from it when it ends (shared/files.py). So
one process writes a line, and nothing has to be cleaned up when it is killed: the line is alive if the process that has
the slot has the life that stands there. The next process with this slot folds what the dead one wrote into `left`: the
sum, the smallest, the largest, or the last of all that have had the line. It writes that into the other copy, and then
the version: it happens as a whole or not at all. In the mode "all" the dead are kept in a list:

    gone:    | count | life, epoch, pid, value | …             the last DEAD_KEPT that had to leave their line

`epoch` counts how often the gauge was removed: copies of an earlier one mean nothing.
The road not taken: a file for each process, which somebody has to remove; a number that is added to on each CPU, which
cannot be set.
"""

from __future__ import annotations

import os
import struct
from weakref import WeakSet

from rseq import _quick_ctypes as ctypes
from rseq._forks import MEMORY, in_each_child
from rseq._metrics.blocks import Numbers, made, shown
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.shared.core import Core
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.layout import MAX_PROCESSES, SegmentError
from rseq._percpu.shared.segment import core_of
from rseq._quick import NamedTuple, RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from rseq._percpu.shared.segment import Segment

KIND, MORE, GONE = "Gauge", "Gauge lines", "Gauge gone"

LINES = 16
DEAD_KEPT = 128
"""How many dead processes a gauge of mode "all" remembers beside those whose slots nobody has taken since."""

_HEAD_WORDS, _LINE_WORDS, _GONE_WORDS = 8, 16, 4
BLOCK_BYTES = 8 * (_HEAD_WORDS + LINES * _LINE_WORDS)
GONE_BYTES = 8 * (1 + _GONE_WORDS * DEAD_KEPT)
_COPY = struct.Struct("<QQQdddd")
_COPY_WORDS = _COPY.size // 8
_EPOCH, _LIFE, _PID, _VALUE, _TIME, _LEFT, _LEFT_AT = range(_COPY_WORDS)
_RETRIES = 100

_INFINITY = float("inf")
_NOTHING = {"min": _INFINITY, "max": -_INFINITY, "sum": 0.0, "mostrecent": 0.0, "all": 0.0}
"""By the mode's rule, what is behind "live": what stands in `left` before a process has left anything."""

METHODS = "inc", "dec", "set"
"""Those that are machine code (own/gauge_code.py)."""

MODES = frozenset(live + rule for live in ("", "live") for rule in _NOTHING)

turn = [RLock()]
"""Threads of one process change gauges one after the other. A signal handler does not wait for what it interrupts."""


class Copy(NamedTuple):
    """What a process has written."""

    epoch: int
    life: int
    pid: int
    value: float
    time: float
    left: float
    left_at: float


def _rule(mode: str) -> str:
    return mode.removeprefix("live")


class GaugeValue:
    """A gauge with its labels, as prometheus_client's metrics use it: `inc`, `set` and `get` are this process's own.

    Threads: any. Processes: any, each with its own line; a forked child has one of its own.
    """

    _multiprocess = True

    def __init__(
        self, segment: Segment, family: str, labels: Mapping[str, str], mode: str, all_of_them: WeakSet[GaugeValue]
    ) -> None:
        """`all_of_them`: those of this process, which get their lines together. Raises: MemoryError."""
        self._segment, self._core, self._mode = segment, core_of(segment), mode
        args = {"type": "gauge", "family": family, "labels": dict(sorted(labels.items())), "mode": mode}
        wanted = [Wanted(BLOCK_BYTES, 64, is_plain=True)]
        self.name, (memory,) = made(segment, KIND, shown(family, labels), args, wanted)
        self._first = Numbers(memory)
        self._lines, self._line, self._at, self._life = self._first, 0, 0, 0
        self._epoch = -1
        self.place = (ctypes.c_uint64 * 3)()
        """For machine code (own/gauge_code.py): the epoch's address, the epoch, the value's address or 0."""
        self._all = all_of_them
        self._all.add(self)
        _every.add(self)
        with turn[0]:
            self._claimed()

    # ---- what prometheus_client calls

    def inc(self, amount: float) -> None:
        """Add to this process's value."""
        with turn[0]:
            at = self._claimed() + _VALUE
            while True:  # machine code adds without this turn (own/gauge_code.py)
                before = self._lines.words[at]
                if compare_exchange(self._lines.address(at), before, _sum(before, amount)):
                    return

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Set this process's value. `timestamp`: when, in the modes in which the last one counts."""
        with turn[0]:
            at = self._claimed()
            if timestamp:
                self._write(self._now()._replace(value=value, time=timestamp))
                self._tell_code()
            else:
                self._lines.floats[at + _VALUE] = value

    def get(self) -> float:
        """The value of this process."""
        with turn[0]:
            return self._lines.floats[self._claimed() + _VALUE]

    def set_exemplar(self, exemplar: Any) -> None:
        """Gauges have none."""

    def get_exemplar(self) -> None:
        """Gauges have none."""

    def give_up(self) -> None:
        """Take this process's line away. The value is not used any more."""
        with turn[0]:
            self._claimed()
            self.place[2] = 0
            self._write(self._now()._replace(epoch=self._epoch - 1 & (1 << 64) - 1))
            self._all.discard(self)

    @property
    def is_given_up(self) -> bool:
        """If that was done."""
        return self not in self._all

    # ---- the process's line

    def _claimed(self) -> int:
        """Where the copy that holds is, of a line that is this process's own."""
        if self._life != self._core.life:
            for other in list(self._all):
                if other._life != other._core.life:
                    other._claim()
        elif self._epoch != self._first.words[0]:
            self._claim()
        return self._at

    def _claim(self) -> None:
        """Take the line of this process's slot. Raises: MemoryError - no room. SegmentError - it has no slot."""
        if self._core.slot >= MAX_PROCESSES:
            raise SegmentError(f"{self._core.where} has no place for another process; {MAX_PROCESSES} have it open")
        block, number = divmod(self._core.slot, LINES)
        self._lines, self._line = self._block(block), _HEAD_WORDS + number * _LINE_WORDS
        self._epoch = self._first.words[0]
        old = self._now()
        left, left_at = self._left_by(old)
        self._write(Copy(self._epoch, self._core.life, os.getpid(), 0.0, 0.0, left, left_at))
        self._life = self._core.life
        self._tell_code()

    def _tell_code(self) -> None:
        """Where machine code finds the value. It finds none where the time counts, too, at which that was set."""
        self.place[2] = 0
        self.place[0], self.place[1] = self._first.address(0), self._epoch
        if _rule(self._mode) != "mostrecent":
            self.place[2] = self._lines.address(self._at + _VALUE)

    def _block(self, number: int) -> Numbers:
        if not number:
            return self._first
        args = {"gauge": self.name, "number": number}
        wanted = [Wanted(BLOCK_BYTES, 64, is_plain=True)]
        _, (memory,) = made(self._segment, MORE, f"{self.name} lines {number}", args, wanted)
        return Numbers(memory)

    def _now(self) -> Copy:
        start = self._copy_at(self._lines.words[self._line])
        return _unpacked(self._lines.words[start : start + _COPY_WORDS].tobytes())

    def _copy_at(self, version: int) -> int:
        return self._line + 1 + version % 2 * _COPY_WORDS

    def _write(self, copy: Copy) -> None:
        """Write the other copy, and have it hold."""
        version = self._lines.words[self._line]
        self._at = self._copy_at(version + 1)
        self._lines.words[self._at : self._at + _COPY_WORDS] = memoryview(_COPY.pack(*copy)).cast("Q")
        compare_exchange(self._lines.address(self._line), version, version + 1)  # what is written is seen before it

    def _left_by(self, old: Copy) -> tuple[float, float]:
        """What those that had the line before leave."""
        rule = _rule(self._mode)
        if not old.life or old.epoch != self._epoch:
            return _NOTHING[rule], 0.0
        if rule == "all":
            if old.life != self._core.life and self._mode == "all":
                self._bury(old)
            return 0.0, 0.0
        return _folded(rule, old)

    def _bury(self, old: Copy) -> None:
        """Put a dead process's value into the list. Twice is as good as once: its life tells."""
        _, (memory,) = made(self._segment, GONE, f"{self.name} gone", {"gauge": self.name}, [_WANTED_GONE])
        gone = Numbers(memory)
        while True:
            count = gone.words[0]
            if compare_exchange(gone.address(0), count, count + 1):
                break
        at = 1 + count % DEAD_KEPT * _GONE_WORDS
        gone.words[at] = 0
        gone.words[at + 1], gone.words[at + 2], gone.floats[at + 3] = old.epoch, old.pid, old.value
        compare_exchange(gone.address(at), 0, old.life)


_WANTED_GONE = Wanted(GONE_BYTES, is_plain=True)


def _unpacked(data: bytes) -> Copy:
    return Copy(*_COPY.unpack(data))


def _alone(copy: Copy, rule: str) -> Copy:
    """A copy without what earlier processes have left."""
    return copy._replace(left=_NOTHING[rule], left_at=0.0)


def _folded(rule: str, copy: Copy) -> tuple[float, float]:
    """The value of a copy together with what was left before."""
    if rule == "sum":
        return copy.left + copy.value, 0.0
    if rule == "mostrecent":
        return (copy.value, copy.time) if copy.time > copy.left_at else (copy.left, copy.left_at)
    return (min if rule == "min" else max)(copy.left, copy.value), 0.0


def _sum(bits: int, amount: float) -> int:
    """The bits of the float that has these, and `amount` added."""
    (before,) = _FLOAT.unpack(_WORD.pack(bits))
    (after,) = _WORD.unpack(_FLOAT.pack(before + amount))
    return int(after)


_FLOAT, _WORD = struct.Struct("<d"), struct.Struct("<Q")


_every: WeakSet[GaugeValue] = WeakSet()
"""All of this process."""


def _start_anew() -> None:
    turn[0] = RLock()
    for gauge in list(_every):
        gauge.place[2] = 0  # that line is the parent's


in_each_child(_start_anew, MEMORY)


# ---- what all lines together mean


class Lines:
    """The blocks of a gauge's lines, for readers."""

    def __init__(self, core: Core, mode: str) -> None:
        self._core, self.mode = core, mode
        self.blocks: dict[int, Numbers] = {}
        self.gone: Numbers | None = None

    def samples(self, lives: Callable[[int], Mapping[int, int]]) -> Iterator[tuple[str | None, float]]:
        """The values that the gauge has, each with the pid that it is for, or None.

        `lives(count)` says which lives the first `count` slots have.
        """
        copies, rule = dict(self._copies()), _rule(self.mode)
        if self.mode.startswith("live"):
            alive = lives(LINES * (1 + max(self.blocks, default=0)))
            copies = {slot: _alone(copy, rule) for slot, copy in copies.items() if alive.get(slot) == copy.life}
        if not copies:
            return
        if rule == "all":
            by_pid = dict(self._gone()) if self.mode == "all" else {}
            by_pid |= {copy.pid: copy.value for copy in copies.values()}
            yield from ((str(pid), value) for pid, value in by_pid.items())
            return
        parts = [_folded(rule, copy) for copy in copies.values()]
        if rule == "mostrecent":
            value, time = max(parts, key=lambda part: part[1])
            if time:
                yield None, value
        elif rule == "sum":
            yield None, sum(value for value, _ in parts)
        else:
            yield None, (min if rule == "min" else max)(value for value, _ in parts)

    def by_process(self, lives: Callable[[int], Mapping[int, int]]) -> list[tuple[int, float, bool]]:
        """What each process that has or had a line says: its pid, its value, and whether it lives."""
        alive = lives(LINES * (1 + max(self.blocks, default=0)))
        return [(copy.pid, copy.value, alive.get(slot) == copy.life) for slot, copy in self._copies()]

    def remove(self) -> None:
        """Have all lines mean nothing, in all processes."""
        first = self.blocks[0]
        while not compare_exchange(first.address(0), epoch := first.words[0], (epoch + 1) % (1 << 64)):
            pass

    def _copies(self) -> Iterator[tuple[int, Copy]]:
        """The copies that hold, by slot."""
        if 0 not in self.blocks:
            return
        epoch = self.blocks[0].words[0]
        for block, numbers in sorted(self.blocks.items()):
            for number, copy in _read(numbers):
                if copy.life and copy.epoch == epoch:
                    yield block * LINES + number, copy

    def _gone(self) -> Iterator[tuple[int, float]]:
        """Dead processes whose line another one has, and their values, the oldest first."""
        if self.gone is None:
            return
        count, epoch = self.gone.words[0], self.blocks[0].words[0]
        known = {copy.life for _, copy in self._copies()}
        for number in range(max(0, count - DEAD_KEPT), count):
            at = 1 + number % DEAD_KEPT * _GONE_WORDS
            life = self.gone.words[at]
            if life and life not in known and self.gone.words[at + 1] == epoch:
                known.add(life)
                yield self.gone.words[at + 2], self.gone.floats[at + 3]


def _read(numbers: Numbers) -> list[tuple[int, Copy]]:
    """The copies that hold in a block, of lines that somebody has had: each of one moment."""
    for _ in range(_RETRIES):
        before, data, after = bytes(numbers.words), bytes(numbers.words), bytes(numbers.words)
        versions = _versions(before)
        if versions == _versions(after):
            break
    return [(number, _held(data, number, version)) for number, version in enumerate(versions) if version]


def _versions(data: bytes) -> list[int]:
    words = memoryview(data).cast("Q")
    return [words[_HEAD_WORDS + number * _LINE_WORDS] for number in range(LINES)]


def _held(data: bytes, number: int, version: int) -> Copy:
    start = 8 * (_HEAD_WORDS + number * _LINE_WORDS + 1 + version % 2 * _COPY_WORDS)
    return _unpacked(data[start : start + _COPY.size])
