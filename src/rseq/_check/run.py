"""Checks sequences: each ordered pair of those that work on one record, for each architecture that is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from rseq import _arch as architectures
from rseq._arch import Architecture
from rseq._arch.base import IndexMode, RegisterError
from rseq._check.code import Operation, Spoil, compiled
from rseq._check.crossing import Tick, crosses, crossing
from rseq._check.explore import Explorer
from rseq._check.machine import unicorn
from rseq._check.parts import Found, Part, explored
from rseq._check.report import Report, checked, described, described_beside
from rseq._check.routines import together
from rseq._language.compiled import Compiled
from rseq._language.types import RecordType
from rseq._named import is_structure, name_of


def check(
    *targets: Any,
    arch: str | None = None,
    depth: int = 1,
    name: str = "",
    replay: str = "",
    tick: Tick = lambda text: None,
    jobs: int = 1,
    spoil: Spoil = lambda assembly: assembly,
) -> Report:
    """Interrupt sequences before every instruction, and see that each still happens as a whole.

    `targets` are sequences, routines (their sequences, and what they do on other CPUs' lanes), structures' classes, or
    iterables of these. Those that work on one record are checked against each other and themselves. `arch` names an
    architecture, or is "all"; without it, it is this machine's. `depth` is the number of interruptions of one run, 1
    or 2. `name` is what the command line calls the targets, `replay` a run that a violation names, to try nothing else.
    With more than one of `jobs` that many processes share the work, which are forked: the report is the same.

    A record may say what of its `prepared` fields is live: a function `live(lane)` in the class, which gets the lane as
    a NumPy record and returns what readers would look at. And it may say which lanes can be, `reachable(lane)`: others
    are not tried, and an operation that leaves one is wrong.

    Raises: TypeError - a target is no sequence. ValueError - no such architecture or depth, or lanes begin as they
    cannot be. ImportError - no emulator. RuntimeError - a function of the record has raised something.
    """
    if depth not in (1, 2, 3):
        raise ValueError(f"depth: expected 1, 2 or 3 interruptions of one run, got {depth}")
    if jobs < 1:
        raise ValueError(f"jobs: expected at least 1 process, got {jobs}")
    started = time.monotonic()
    targets = tuple(tuple(target) if isinstance(target, Iterator) else target for target in targets)
    parts = _Parts(list(_groups(targets)), replay)
    for architecture in _chosen(arch):
        parts.add(architecture)
    if jobs > 1:
        unicorn()  # once, instead of in each process
    found = explored(parts.parts, _Explore(depth, name or _names(targets), replay, spoil), jobs, tick)
    checked = tuple(one.checked for one in found)
    violations = tuple(violation for one in found for violation in one.violations)
    if replay and not violations and not any(one.runs or one.states for one in checked):
        raise ValueError(f"no run is called {replay!r}: it is named by a failure of these targets with this depth")
    return Report(depth, checked, violations, tuple(dict.fromkeys(parts.skipped)), time.monotonic() - started)


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


class _Parts:
    """What is to be checked, and what cannot be."""

    def __init__(self, groups: list[tuple[list[Operation], list[Operation]]], replay: str) -> None:
        self.groups, self.replay = groups, replay
        self.parts: list[Part] = []
        self.skipped: list[str] = []

    def add(self, architecture: Architecture) -> None:
        """The operations on each record, beside the routines that cross CPUs, on one architecture."""
        if architecture.emulator is None:
            self.skipped.append(f"{architecture.name}: nothing runs its code here; it is assembled and inspected only")
            return
        modes: tuple[IndexMode, ...] = ("cpu_id", "mm_cid")
        for number, (operations, routines) in enumerate(self.groups):
            if not operations:
                names = " and ".join(routine.name for routine in routines)
                self.skipped.append(f"{names}: none of the sequences works on {routines[0].record.__name__}")
            fitting = [operation for operation in operations if self._fits(architecture, operation)]
            for index in modes:
                if fitting and (not self.replay or self.replay.startswith(f"{index}:")):
                    self.parts.append(Part(architecture, index, fitting, routines, number))

    def _fits(self, architecture: Architecture, operation: Operation) -> bool:
        from rseq._language.section import section

        try:
            architecture.assemble(section(operation.body))
        except RegisterError as error:
            self.skipped.append(error.diagnostics[0].message)
            return False
        return True


@dataclass(frozen=True)
class _Explore:
    """How a part is checked."""

    depth: int
    name: str
    replay: str
    spoil: Spoil

    def __call__(self, part: Part, tick: Tick) -> Found:
        """What goes wrong in it, and what was tried."""
        program = compiled(part.operations, part.architecture, part.index, self.spoil)
        explorer = Explorer(program, part.operations, self.depth, self.replay, routines=part.routines)

        def told(text: str) -> None:
            tick(f"{part}: {text}")

        violations = [
            described(finding, program, explorer.cases, self.depth, self.name) for finding in explorer.findings(told)
        ]
        beside = chain(crossing(explorer, part.routines, told), together(explorer, part.routines, told))
        violations += [described_beside(found, program, explorer.cases, self.depth, self.name) for found in beside]
        return Found(checked(program, explorer, part.group), tuple(violations))


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
        elif is_structure(target):
            yield from sequences_of(target._sequences().values())
        elif isinstance(target, Iterable) and not isinstance(target, (str, bytes)):
            yield from sequences_of(target)
        else:
            raise TypeError(f"expected a sequence, a routine or a structure's class; got {target!r}")


def _within(code: Compiled) -> Iterator[Compiled]:
    """A sequence itself; the sequences that a routine calls, and those routines that cross CPUs."""
    if code.kind == "sequence" or crosses(code):
        yield code
    if code.kind == "routine":
        for callee in code.body.callees:
            yield from _within(callee)


def shipped() -> list[Compiled]:
    """All sequences of the package's structures, and of the counters for each type of number."""
    from rseq._language.types import SCALARS
    from rseq._structures.cell_code import adder
    from rseq._structures.shipped import shipped as structures

    found: list[Compiled] = [adder(scalar) for scalar in SCALARS.values() if scalar.kind != "bool"]
    return list(dict.fromkeys([*found, *sequences_of(structures())]))
