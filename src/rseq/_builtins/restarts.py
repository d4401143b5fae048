"""How often the kernel has aborted the sequences that were called from Python."""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._builtins.bind import Program, code_of, programs
from rseq._builtins.make import counters
from rseq._thread.registration import lanes_offset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rseq._language.compiled import Compiled


def restarts() -> dict[Compiled, int]:
    """How often the kernel has aborted each sequence that was called from Python, since the process began.

    Sequences are told apart by what they are, not by name: each type of number has a sequence `add` of its own. Those
    that were never aborted are left out: finding out what a program is made of takes as long as half of compiling it.
    """
    found: dict[Compiled, int] = {}
    for program in list(programs):
        known = counts(program)
        if any(known.values()):
            for name, code in counted(program).items():
                found[code] = found.get(code, 0) + known[name]
    return {code: count for code, count in found.items() if count}


def counts(program: Program) -> dict[str, int]:
    """What the variables say that count aborts in loaded code, by name."""
    entries = program.code.entries
    return {name: ctypes.c_uint64.from_address(entries[name]).value for name in program.made.counters}


def counted(program: Program) -> Mapping[str, Compiled]:
    """The sequence whose aborts each of them counts."""
    has_rseq = lanes_offset(program.mode) is not None
    return counters(code_of(program.source), program.mode, program.dimensions, has_rseq=has_rseq)
