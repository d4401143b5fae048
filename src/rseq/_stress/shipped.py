"""What is stressed: the structures that the package ships, as the files of `structures/` say, and their sequences."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import rseq
from rseq._arch.base import IndexMode
from rseq._check.run import sequences_of
from rseq._check.run import shipped as shipped_sequences
from rseq._language.compiled import Compiled
from rseq._stress import structures
from rseq._stress.workload import Mortal, Workload
from rseq._structures.shipped import home_of
from rseq._structures.structure import Structure
from rseq._thread.registration import lanes_offset


def workloads() -> list[Workload[Any]]:
    """How the package's structures are stressed."""
    return [workload for module in _modules() for workload in module.workloads()]


def of_loaded() -> list[Workload[Any]]:
    """More of them, of sizes whose machine code comes with the package: only calls from Python are stopped there."""
    return [workload for module in _modules() for workload in getattr(module, "loaded", list)()]


def workloads_of(structure: type[Structure]) -> list[Workload[Any]]:
    """How one of them is stressed, and those that are in the same file."""
    return list(importlib.import_module(f"{structures.__name__}.{home_of(structure)}").workloads())


def mortals() -> list[Mortal]:
    """How processes die that work on those that can be shared."""
    return [mortal for module in _modules() for mortal in getattr(module, "mortals", list)()]


def _modules() -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(structures.__path__):
        yield importlib.import_module(f"{structures.__name__}.{module.name}")


def sections(workload: Workload[Any]) -> list[Compiled]:
    """The sequences that a workload runs, each once."""
    return [code for code in dict.fromkeys(sequences_of([workload.work])) if code.kind == "sequence"]


def indices(workload: Workload[Any]) -> list[IndexMode]:
    """The numbers that may choose the lane, of this structure and on this kernel."""
    modes: tuple[IndexMode, ...] = ("cpu_id", "mm_cid") if _takes(workload, "index") else ("cpu_id",)
    return [index for index in modes if lanes_offset(index) is not None]


def make(workload: Workload[Any], index: IndexMode) -> Any:
    """A new structure."""
    return workload.make(index=index) if _takes(workload, "index") else workload.make()


def can_share(workload: Workload[Any]) -> bool:
    """True if processes can work on one structure, in a segment."""
    return _takes(workload, "segment")


def make_shared(workload: Workload[Any]) -> Any:
    """A new structure in a segment of its own, which processes that are forked from now on share."""
    return workload.make(segment=rseq.Segment())


def _takes(workload: Workload[Any], keyword: str) -> bool:
    return keyword in inspect.signature(workload.make).parameters


def left_out(chosen: Iterable[Workload[Any]]) -> Iterator[str]:
    """What the package ships and none of these workloads runs, as sentences."""
    run = {section for workload in chosen for section in sections(workload)}
    for sequence in shipped_sequences():
        if sequence.kind == "sequence" and sequence not in run:
            yield (
                f"{sequence.__name__}() on {sequence.body.record.__name__}, in {sequence.__module__}, is shipped, and "
                f"no workload runs it; add it to the workloads() of its structure, in {structures.__name__}"
            )


def named(codes: Sequence[Compiled]) -> dict[Compiled, str]:
    """A name for each of a workload's sequences: its own, numbered where several have the same."""
    names: dict[Compiled, str] = {}
    for code in codes:
        alike = sum(other.__name__ == code.__name__ for other in names)
        names[code] = f"{code.__name__} {alike + 1}" if alike else code.__name__
    return names
