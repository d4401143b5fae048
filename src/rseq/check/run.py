"""Checks sequences: each ordered pair of those that work on one record, for each architecture that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .. import arch as architectures
from ..arch import Architecture
from ..arch.base import IndexMode, RegisterError
from ..language import ir
from ..language.compiled import Compiled
from ..language.types import RecordType
from ..named import name_of
from .code import Operation, Spoil, compiled
from .crossing import Crossing, crosses
from .explore import Explorer
from .report import Checked, Report, Violation, checked, described, described_beside

__all__ = ["check", "sequences_of", "shipped"]

Tick = Callable[[str], None]


def check(
    *targets: Any,
    arch: str | None = None,
    depth: int = 1,
    name: str = "",
    replay: str = "",
    tick: Tick = lambda text: None,
    spoil: Spoil = lambda assembly: assembly,
) -> Report:
    """Interrupt sequences before every instruction, and see that each still happens as a whole.

    `targets` are sequences, routines (their sequences, and what they do on other CPUs' lanes), structures' classes, or
    iterables of these. Those that work on one record are checked against each other and themselves. `arch` names an
    architecture, or is "all"; without it, it is this machine's. `depth` is the number of interruptions of one run, 1
    or 2. `name` is what the command line calls the targets, `replay` a run that a violation names, to try nothing else.

    A record may say what of its `prepared` fields is live: a function `live(lane)` in the class, which gets the lane as
    a NumPy record and returns what readers would look at.

    Raises: TypeError - a target is no sequence. ValueError - no such architecture or depth. RuntimeError - no emulator.
    """
    if depth not in (1, 2, 3):
        raise ValueError(f"depth: expected 1, 2 or 3 interruptions of one run, got {depth}")
    started = time.monotonic()
    targets = tuple(tuple(target) if isinstance(target, Iterator) else target for target in targets)
    run = _Check(depth, name or _names(targets), replay, tick, spoil)
    groups = list(_groups(targets))
    for architecture in _chosen(arch):
        for group in groups:
            run.group(architecture, *group)
    if replay and not run.violations and not any(one.runs or one.states for one in run.checked):
        raise ValueError(f"no run is called {replay!r}: it is named by a failure of these targets with this depth")
    return Report(depth, tuple(run.checked), tuple(run.violations), tuple(run.skipped), time.monotonic() - started)


def _names(targets: Iterable[Any]) -> str:
    """How the command line calls the targets; "" if it cannot."""
    names: list[str] = []
    for target in targets:
        is_several = isinstance(target, Iterable) and not isinstance(target, type)
        name = _names(target) if is_several else name_of(target)
        if not name:
            return ""
        names.append(name)
    return " ".join(names)


class _Check:
    """What has been found so far."""

    def __init__(self, depth: int, name: str, replay: str, tick: Tick, spoil: Spoil) -> None:
        self.depth, self.name, self.replay, self.tick, self.spoil = depth, name, replay, tick, spoil
        self.checked: list[Checked] = []
        self.violations: list[Violation] = []
        self.skipped: list[str] = []

    def group(self, architecture: Architecture, operations: list[Operation], routines: list[Operation]) -> None:
        """Check the operations on one record, beside the routines that cross CPUs."""
        if architecture.emulator is None:
            self.skipped.append(f"{architecture.name}: nothing runs its code here; it is assembled and inspected only")
            return
        fitting = [operation for operation in operations if self._fits(architecture, operation)]
        modes: tuple[IndexMode, ...] = ("cpu_id", "mm_cid")
        for index in modes:
            if fitting and (not self.replay or self.replay.startswith(f"{index}:")):
                self._explore(architecture, fitting, routines, index)

    def _fits(self, architecture: Architecture, operation: Operation) -> bool:
        from ..language.section import section

        try:
            architecture.assemble(section(operation.body))
        except RegisterError as error:
            self.skipped.append(error.diagnostics[0].message)
            return False
        return True

    def _explore(
        self, architecture: Architecture, operations: list[Operation], routines: list[Operation], index: IndexMode
    ) -> None:
        program = compiled(operations, architecture, index, self.spoil)
        explorer = Explorer(program, operations, self.depth, self.replay, routines=routines)
        where = f"{architecture.name}, {index}, {operations[0].record.__name__}"

        def tick(text: str) -> None:
            self.tick(f"{where}: {text}")

        for finding in explorer.findings(tick):
            self.violations.append(described(finding, program, explorer.cases, self.depth, self.name))
        for found in Crossing(explorer, routines).findings(tick):
            self.violations.append(described_beside(found, program, explorer.cases, self.depth, self.name))
        self.checked.append(checked(program, explorer))


def _chosen(arch: str | None) -> list[Architecture]:
    if arch == "all":
        return [architectures.get(name) for name in architectures.names()]
    if arch is not None:
        return [architectures.get(arch)]
    here = architectures.host()
    if here is None:
        known = ", ".join(architectures.names())
        raise ValueError(f"this machine's architecture has no code generator; name one of {known}, or all")
    return [here]


def _groups(targets: Iterable[Any]) -> Iterator[tuple[list[Operation], list[Operation]]]:
    """The sequences on each record, and the routines on it that cross CPUs."""
    groups: dict[RecordType, dict[Compiled, None]] = {}
    for code in sequences_of(targets):
        groups.setdefault(code.body.record, {})[code] = None
    if not any(code.kind == "sequence" for group in groups.values() for code in group):
        raise TypeError("expected sequences to check, got none")
    for group in groups.values():
        made = [(Operation.of(code), code.kind) for code in group]
        yield [one for one, kind in made if kind == "sequence"], [one for one, kind in made if kind == "routine"]


def sequences_of(targets: Iterable[Any]) -> Iterator[Compiled]:
    """The sequences, and the routines that cross CPUs, of sequences, routines, structures' classes and iterables."""
    for target in targets:
        if isinstance(target, Compiled):
            yield from _within(target)
        elif isinstance(target, type) and hasattr(target, "sequences"):
            yield from sequences_of(target.sequences().values())
        elif isinstance(target, Iterable) and not isinstance(target, (str, bytes)):
            yield from sequences_of(target)
        else:
            raise TypeError(f"expected a sequence, a routine or a structure's class; got {target!r}")


def _within(code: Compiled) -> Iterator[Compiled]:
    """A sequence itself; the sequences that a routine calls, and those routines that cross CPUs."""
    if code.kind == "sequence" or crosses(code):
        yield code
    if code.kind == "routine":
        for op in code.body.ops:
            if isinstance(op, ir.Call):
                yield from _within(op.callee)


def shipped() -> list[Compiled]:
    """All sequences of the package's structures, and of the counters for each type of number."""
    from ..language.types import SCALARS
    from ..structures.cell import adder
    from ..structures.structure import shipped as structures

    found: list[Compiled] = [adder(scalar) for scalar in SCALARS.values() if scalar.kind != "bool"]
    return list(dict.fromkeys([*found, *sequences_of(structures())]))
