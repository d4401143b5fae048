"""`rseq bench --start`: what a process pays before its first count, and what an installation takes.

Each use below runs in a process of its own, which does that and ends. What it costs is its time less that of a process
without it. They take turns, in rounds, and the median is told. CPU time is the kernel's account of the process; elapsed
time goes from before its start to after its end. For memory, the process stays when it has done its work, and the
kernel is asked: for the resident memory of one, and for the proportional share of many, where a page that they share
counts once.

The package is the one that is installed for this Python, with the packages that are there: what its users get.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import Any

from rseq._bench import shipped

BARE = "bare Python"
OWN = "an own sequence"


@dataclass(frozen=True)
class Use:
    """Code that a program begins with, and the use that it is compared with."""

    name: str
    code: str
    over: str = BARE


_STRUCTURES = {
    "Counter": "it = rseq.Counter(); it.add(1); assert it.value == 1",
    "FloatCounter": "it = rseq.FloatCounter(); it.add(0.5); assert it.value == 0.5",
    "CounterArray": "it = rseq.CounterArray(16); it.add(3)",
    "KeyedCounter": "it = rseq.KeyedCounter(100); it.add('GET /'); assert it['GET /'] == 1",
    "Histogram": "it = rseq.Histogram((1, 2, 4)); it.observe(1.5); assert it.count == 1",
    "Max": "it = rseq.Max(); it.update(3.0); assert it.value == 3.0",
    "Min": "it = rseq.Min(); it.update(3.0); assert it.value == 3.0",
    "Pool": "it = rseq.Pool(4096, 64); it.release(it.acquire())",
    "RCU": "it = rseq.RCU()\nwith it: pass",
    "RingBuffer": "it = rseq.RingBuffer(1 << 16); assert it.write(b'event') and len(it.drain()) == 1",
    "SpinLock": "it = rseq.SpinLock()\nwith it: pass",
    "Collector": "it = rseq.Collector('i64', 1024); assert it.append(3) and len(it) == 1",
    "Stack": "it = rseq.Stack(64); assert it.push(3) and it.pop() == 3",
    "TokenBucket": "it = rseq.TokenBucket(1000, 100); assert it.take()",
    "Segment": "it = rseq.Counter(segment=rseq.Segment()); it.add(1); assert it.value == 1",
}
"""The first use of each structure, `with` included."""

_LOGGING = """
import logging, rseq.logging
ring = rseq.RingBuffer(1 << 20)
logging.getLogger().addHandler(rseq.logging.Handler(ring))
logging.error("event")
assert len(ring) == 1
"""
_OWN = """
import rseq

class Cell(rseq.Record):
    value: rseq.i64

@rseq.sequence
def add(cpu: Cell, n: rseq.i64) -> None:
    cpu.value += n

add.bind(rseq.percpu(Cell))(1)
"""

_STAY = """
import os, sys
os.write(1, " ".join(sorted({"llvmlite", "numba", "numpy"}.intersection(sys.modules))).encode() + b"\\n")
os.read(0, 1)
"""
"""What a process does whose memory is looked at: it says what it has loaded, and waits."""


def uses(folder: Path) -> tuple[Use, ...]:
    """All uses, in the order of the table; a module that they need is written into `folder`."""
    (folder / "own_sequence.py").write_text(_OWN, encoding="utf-8")
    counter = f"import rseq\n{_STRUCTURES['Counter']}"
    first = (Use(name, f"import rseq\n{code}") for name, code in _STRUCTURES.items())
    return (
        Use(BARE, "", over=""),
        Use("import rseq", "import rseq"),
        *first,
        Use("import logging", "import logging"),
        Use("rseq.logging", _LOGGING, over="import logging"),
        Use(OWN, f"{counter}\nimport sys\nsys.path.insert(0, {str(folder)!r})\nimport own_sequence", over="Counter"),
    )


@dataclass
class Cost:
    """What a use cost, in processes of its own; `failed` is what it said instead."""

    use: Use
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    resident_mib: list[float] = field(default_factory=list)
    loads: str = ""
    failed: str = ""


def measure(uses: Sequence[Use], rounds: int, tick: Callable[[str], None] = lambda what: None) -> dict[str, Cost]:
    """What each use costs, by its name. The first process of each is not counted: it warms the files."""
    costs = {use.name: Cost(use, failed=_failure(use.code)) for use in uses}
    running = [cost for cost in costs.values() if not cost.failed]
    for number in range(rounds):
        tick(f"round {number + 1} of {rounds}")
        for cost in running[number % len(running) :] + running[: number % len(running)]:
            cpu_ms, wall_ms = spent([sys.executable, "-c", cost.use.code])
            cost.cpu_ms.append(cpu_ms)
            cost.wall_ms.append(wall_ms)
            with Staying(cost.use.code) as process:
                cost.loads = process.loads
                cost.resident_mib.append(process.mib("Rss"))
    return costs


def _failure(code: str) -> str:
    """The last line that a process says with which such a use ends, or nothing."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]


def spent(command: list[str]) -> tuple[float, float]:
    """CPU time and elapsed time of a process, both in ms. Raises: RuntimeError - it failed."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    elapsed = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} failed: {os.waitstatus_to_exitcode(status)}")
    return (usage.ru_utime + usage.ru_stime) * 1e3, elapsed * 1e3


class Staying:
    """`with Staying(code) as process:` a process that has run the code and is there until the end of the block."""

    def __init__(self, code: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"{code}\n{_STAY}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @property
    def loads(self) -> str:
        """Which of the large packages it has imported. Waits until it has run the code."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()

    def mib(self, what: str) -> float:
        """Its resident memory (Rss), or its share of it (Pss)."""
        text = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        found = re.search(rf"^{what}: +(\d+) kB", text, re.MULTILINE)
        assert found, text
        return int(found[1]) / 1024

    def __enter__(self) -> Staying:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate(b"\n")


@dataclass(frozen=True)
class Fleet:
    """Many processes at once: memory in all, and how long it took until the last one had done its work."""

    processes: int
    mib: float
    bare_mib: float
    seconds: float
    bare_seconds: float


def fleet(code: str, processes: int) -> Fleet:
    """So many processes that run `code` once, beside as many that do not."""
    mib, seconds = _together(code, processes)
    bare_mib, bare_seconds = _together("", processes)
    return Fleet(processes, mib, bare_mib, seconds, bare_seconds)


def _together(code: str, processes: int) -> tuple[float, float]:
    with ExitStack() as stack:
        began = time.perf_counter()
        started = [stack.enter_context(Staying(code)) for _ in range(processes)]
        for process in started:
            process.loads  # noqa: B018 - waits for it
        seconds = time.perf_counter() - began
        return sum(process.mib("Pss") for process in started), seconds


def help_ms(rounds: int) -> float | None:
    """How long `rseq --help` takes; None if it says that click is not installed."""
    script = Path(sysconfig.get_path("scripts"), "rseq")
    command = [*([str(script)] if script.exists() else [sys.executable, "-m", "rseq"]), "--help"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    return median(spent(command)[1] for _ in range(rounds))


@dataclass(frozen=True)
class Installed:
    """An installation of a wheel without an index: seconds, and what it has added on the disk."""

    wheel: str
    wheel_mib: float
    venv_seconds: float
    pip_seconds: float
    disk_mib: float


def install(wheel: Path) -> Installed:
    """Install the wheel into a new environment, and count with it there. Raises: RuntimeError - something failed."""
    with tempfile.TemporaryDirectory(prefix="rseq-bench-") as folder:
        python = str(Path(folder, "bin", "python"))
        began = time.perf_counter()
        venv.create(folder, with_pip=True)
        made = time.perf_counter()
        before = _disk(Path(folder))
        _run([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", str(wheel)])
        ended = time.perf_counter()
        return Installed(
            wheel.name,
            wheel.stat().st_size / 2**20,
            made - began,
            ended - made,
            (_disk(Path(folder)) - before) / 2**20,
        )


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")


def _disk(folder: Path) -> int:
    """What the files of a folder take on the disk, in bytes."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


@dataclass(frozen=True)
class Figures:
    """All that was measured."""

    costs: dict[str, Cost]
    fleet: Fleet
    help_ms: float | None
    installed: Installed | None
    shipped: dict[str, float]
    """Calls of shipped ÷ freshly compiled code (shipped.py); empty where there is no compiler."""

    def over(self, cost: Cost, what: str) -> float:
        """The median of what a use cost, less that of the use that it is compared with."""
        own: list[float] = getattr(cost, what)
        other: list[float] = getattr(self.costs[cost.use.over], what) if cost.use.over else [0.0]
        return median(own) - median(other)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with each round's figures."""
        rows = [{**asdict(cost), **self._medians(cost)} for cost in self.costs.values()]
        installed = self.installed and asdict(self.installed)
        return {
            "start": rows,
            "fleet": asdict(self.fleet),
            "help_ms": self.help_ms,
            "installed": installed,
            "shipped": self.shipped,
        }

    def _medians(self, cost: Cost) -> dict[str, float]:
        names = () if cost.failed else ("cpu_ms", "wall_ms", "resident_mib")
        return {f"{name}_over": self.over(cost, name) for name in names}

    def lines(self) -> Iterator[str]:
        """The table, within 80 columns."""
        yield f"{'first use':<34}{'CPU ms':>8}{'wall ms':>9}{'MiB':>7}  loads"
        for cost in self.costs.values():
            yield from self._row(cost)
        yield ""
        one = self.fleet
        yield f"{one.processes} processes that count once: {one.mib:.0f} MiB in all, {one.seconds:.1f} s;"
        yield f"as many of bare Python: {one.bare_mib:.0f} MiB, {one.bare_seconds:.1f} s"
        if self.help_ms is not None:
            yield f"rseq --help: {self.help_ms:.0f} ms"
        if self.shipped:
            found = ", ".join(f"{name} {ratio:.2f}" for name, ratio in self.shipped.items())
            yield from wrap(f"calls of shipped ÷ of freshly compiled code: {found}", 80)
        if self.installed:
            new = self.installed
            yield f"{new.wheel}, {new.wheel_mib:.2f} MiB: {new.pip_seconds:.1f} s to install,"
            yield f"after {new.venv_seconds:.1f} s for the environment; {new.disk_mib:.2f} MiB on the disk"

    def _row(self, cost: Cost) -> Iterator[str]:
        over = cost.use.over
        name = cost.use.name if over in ("", BARE) else f"{cost.use.name}, over {over.removeprefix('import ')}"
        if cost.failed:
            yield f"{name:<34}failed: {cost.failed}"
            return
        cpu, wall, resident = (self.over(cost, what) for what in ("cpu_ms", "wall_ms", "resident_mib"))
        yield f"{name:<34}{cpu:>8.1f}{wall:>9.1f}{resident:>7.1f}  {cost.loads}".rstrip()


def figures(
    rounds: int, processes: int, wheel: Path | None, tick: Callable[[str], None] = lambda what: None
) -> Figures:
    """Measure everything. Raises: RuntimeError - what should be measured fails."""
    with tempfile.TemporaryDirectory(prefix="rseq-bench-") as folder:
        all_uses = uses(Path(folder))
        costs = measure(all_uses, rounds, tick)
        if costs["Counter"].failed:
            raise RuntimeError(f"a counter cannot be used here: {costs['Counter'].failed}")
        tick(f"{processes} processes")
        counter = next(use for use in all_uses if use.name == "Counter")
        many = fleet(counter.code, processes)
        tick("rseq --help")
        helped, installed = help_ms(rounds), install(wheel) if wheel else None
        tick("shipped code beside compiled code")
        ratios = shipped.measured(max(rounds, 9)) if find_spec("llvmlite") else {}
        return Figures(costs, many, helped, installed, ratios)
