"""One slice of stress: a workload under threads, signals, migrations and forks, and what came of it.

    conductor                     threads                          timer
    starts short-lived threads    loops in machine code,           a signal each millisecond; its handler,
    forks a child, waits for it   then moves to other CPUs,        machine code too, does the same work
    …                             yields, or calls from Python     in the middle of theirs

All of them work on one structure. What each has put in or taken out stands in its own row of the ledger, and when
all have ended, the workload's law compares the two.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rseq._builtins.restarts import restarts
from rseq._language.compiled import Compiled
from rseq._percpu.threads import thread_id
from rseq._processes import die_with_parent
from rseq._stress.code import LOOPS, Block, Program
from rseq._stress.ledger import Ledger
from rseq._stress.shipped import make, named, sections
from rseq._stress.signals import at_a_kilohertz, keep_out, let_in
from rseq._thread.membarrier import fence

if TYPE_CHECKING:
    from rseq._stress.workload import Workload

_CHUNK = 20_000
"""Runs of a loop between two provocations: well below a millisecond."""

_CALLS = 50
"""Calls from Python in a row."""

_FENCES = 10
"""How often in a row a thread restarts all others."""

_SHORT_LIVED = 4
_PAUSE_S = 0.005
"""How long the conductor leaves the others alone."""


@dataclass
class Came:
    """What came of a slice: how much was done, what it provoked, and what did not hold. Processes send it.

    `aborts` are those of each sequence, by its name in the workload; `aborts_of_calls` those of calls from Python,
    which run a copy of the sections of their own.
    """

    runs: int = 0
    calls: int = 0
    signals: int = 0
    migrations: int = 0
    forks: int = 0
    short_lived: int = 0
    aborts: dict[str, int] = field(default_factory=dict)
    aborts_of_calls: int = 0
    problems: list[str] = field(default_factory=list)


def rows(threads: int) -> int:
    """Rows of a process: each thread and short-lived thread has one, forked children have one, and all handlers."""
    return threads + _SHORT_LIVED + 2


@dataclass(frozen=True)
class Scene:
    """A structure and its ledger. `process` says which rows are whose; `is_shared` that other processes work there too.

    `epoch` counts the slices on it, so that no two of them have a turn in common.
    """

    structure: Any
    ledger: Ledger
    process: int = 0
    epoch: int = 0
    is_shared: bool = False


class Slice:
    """A scene, the machine code that works on it, and who does."""

    def __init__(self, workload: Workload[Any], program: Program, scene: Scene, threads: int) -> None:
        self.workload, self.program, self.scene, self.structure = workload, program, scene, scene.structure
        self.cpus = sorted(os.sched_getaffinity(0))
        first = scene.process * rows(threads)
        self.threads = range(first, first + threads)
        self._short_lived = range(self.threads.stop, self.threads.stop + _SHORT_LIVED)
        self._child, self._handlers = self._short_lived.stop, self._short_lived.stop + 1
        self._done = threading.Event()
        self._came = Came()
        self._lock = threading.Lock()

    def run(self, seconds: float) -> Came:
        """Work for so long, then see what came of it. The calling thread is the conductor."""
        before, of_calls, handled = self.program.aborts, restarts(), self.program.handled
        handlers = self._block(self._handlers)
        self.program.let_handlers_use(handlers, self._turns(self._handlers))
        with at_a_kilohertz(self.program.handler), self._crew():
            self._conduct(time.monotonic() + seconds)
        self._came.signals = self.program.handled - handled
        self._count_aborts(before, of_calls)
        if not self.scene.is_shared:
            self._came.problems += self.workload.law(self.structure, self.scene.ledger.sums())
        return self._came

    def _count_aborts(self, before: dict[Compiled, int], of_calls: dict[Compiled, int]) -> None:
        names = named(sections(self.workload))
        now, of_calls_now = self.program.aborts, restarts()
        self._came.aborts = {name: now[code] - before[code] for code, name in names.items() if code in now}
        self._came.aborts_of_calls = sum(of_calls_now.get(code, 0) - of_calls.get(code, 0) for code in names)

    def _block(self, row: int) -> Block:
        return Block.of(self.structure.storage, self.scene.ledger.address(row))

    def _turns(self, row: int) -> int:
        """The first turn of a row in this slice: there are 2**32 of them, one half for calls from Python."""
        return (row << 48) + (self.scene.epoch << 32)

    # ---- threads

    @contextmanager
    def _crew(self) -> Iterator[None]:
        crew = [self._start(self._live, row) for row in self.threads]
        try:
            yield
        finally:
            self._done.set()
            for thread in crew:
                thread.join()

    def _start(self, function: Callable[[int], Came], row: int) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=(function, row), daemon=True)
        thread.start()
        return thread

    def _guarded(self, function: Callable[[int], Came], row: int) -> None:
        """Whatever goes wrong in a thread is a problem of the slice."""
        try:
            thread_id()  # now: a handler must not call into Python for it
            let_in()
            came = function(row)
        except Exception as error:  # noqa: BLE001 - what the structure's methods raise
            came = Came(problems=[f"a thread raised {type(error).__name__}: {error}"])
        finally:
            keep_out()  # libc and Python take the thread apart; a handler would find half of it
        with self._lock:
            self._add(came)

    def _add(self, came: Came) -> None:
        for name in ("runs", "calls", "migrations", "problems"):
            setattr(self._came, name, getattr(self._came, name) + getattr(came, name))

    def _live(self, row: int) -> Came:
        """A thread's life: loops, and in between something that interrupts it or others."""
        chance, block, came = random.Random(row), self._block(row), Came()
        while not self._done.is_set():
            self._loop(chance.choice(LOOPS), block, self._turns(row) + came.runs, came)
            match chance.randrange(5):
                case 0:
                    os.sched_setaffinity(0, chance.sample(self.cpus, chance.randint(1, len(self.cpus))))
                    came.migrations += 1
                case 1:
                    os.sched_yield()
                case 2:
                    self._call(row, came)
                case 3:
                    for _ in range(_FENCES):
                        fence()
        return came

    def _loop(self, name: str, block: Block, turn: int, came: Came) -> None:
        code = self.program.loop(block, turn, _CHUNK, name)
        came.runs += _CHUNK
        if code:
            came.problems.append(f"the work of {self.workload.name} failed with code {code}")
            self._done.set()

    def _call(self, row: int, came: Came) -> None:
        first = self._turns(row) + (1 << 31) + came.calls
        for turn in range(first, first + _CALLS):
            self.scene.ledger.add(row, turn % self.structure.storage.length, self.workload.call(self.structure, turn))
        came.calls += _CALLS

    # ---- the conductor

    def _conduct(self, end: float) -> None:
        rounds = 0
        while time.monotonic() < end and not self._done.wait(_PAUSE_S):
            self._start_and_end_threads(rounds)
            self._fork(rounds)
            rounds += 1

    def _start_and_end_threads(self, number: int) -> None:
        def live(row: int) -> Came:
            came = Came(calls=number * _CALLS)
            self._call(row, came)
            return Came(calls=_CALLS)

        started = [self._start(live, row) for row in self._short_lived]
        for thread in started:
            thread.join()
        self._came.short_lived += _SHORT_LIVED

    def _fork(self, number: int) -> None:
        """A child goes on with its copy of the structure, in the middle of others' work, and begins one of its own."""
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            die_with_parent(parent)
            os._exit(self._as_child(number))
        _, status = os.waitpid(child, 0)
        self._came.forks += 1
        if code := os.waitstatus_to_exitcode(status):
            self._came.problems.append(f"a forked child {_ended(code)}")
            self._done.set()

    def _as_child(self, number: int) -> int:
        try:
            return self._go_on(self._turns(self._child) + 2 * number * _CHUNK)
        except BaseException:  # noqa: BLE001 - a child must not return into its parent's code
            return 2

    def _go_on(self, turn: int) -> int:
        """In the child: 0 if all is well. No law holds for a copy that was made in the middle of others' work."""
        inherited, nobodys = self._block(self._child), Ledger(1, self.structure.storage.length)
        if not self.scene.is_shared:
            inherited.ledger = nobodys.address(0)  # what is put into the copy is lost with it
        code = self.program.loop(inherited, turn, _CHUNK)
        structure = make(self.workload, self.structure.storage.index)
        ledger = Ledger(1, structure.storage.length)
        code |= self.program.loop(Block.of(structure.storage, ledger.address(0)), turn + _CHUNK, _CHUNK)
        return 2 if code else int(any(self.workload.law(structure, ledger.sums())))


def _ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "found a law broken in a structure of its own" if code == 1 else "failed"
