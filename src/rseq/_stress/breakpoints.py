"""Sections with a breakpoint before one of their instructions: the kernel sends SIGTRAP there, and must abort them.

    first:   the section with the breakpoint
             done ?  done : left
    left:    was it aborted?  count it
             the section as it is, as often as it takes

The code is never written to: who comes back from the abort handler goes on with a copy that has no breakpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rseq._arch.base import ABORTED, LEFT, Assembly, Line
from rseq._codegen.checks import Fail
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit, emit_block
from rseq._codegen.writer import I64, Writer
from rseq._language.compiled import Compiled
from rseq._language.section import section

ABORTS = "aborts"
"""The module's variable that counts how often a section with a breakpoint has been aborted."""


def places(assembly: Assembly) -> Iterator[tuple[int, str]]:
    """Where each instruction between start and end stands in `assembly.hot`, and what it says."""
    for position in assembly.protected:
        yield position, assembly.text_of(assembly.hot[position])


@dataclass
class Interrupted(Unit):
    """Runs the section `target` with a breakpoint before the line at `position`, wherever it is called."""

    target: Compiled | None = None
    position: int = 0
    beside: Unit | None = None
    """The unit whose functions for the spare lane it uses, so that they are not made for each breakpoint."""

    def spare(self, code: Compiled) -> Any:
        """The other unit's."""
        return super().spare(code) if self.beside is None else self.beside.spare(code)

    def _section(
        self, emit: Writer, code: Compiled, area: Any, lane: Lane, arguments: Sequence[Any], fail: Fail
    ) -> tuple[Any, ...]:
        if code is not self.target:
            return super()._section(emit, code, area, lane, arguments, fail)
        first, left = emit.label("first"), emit.label("left")
        emit.here(first)
        status, *result = emit_block(emit, self._assembly(code), area, lane, arguments)
        done = emit.label("done", *(value.type for value in result))
        emit.branch(emit.compare(status, ">=", LEFT), left, done, *result)
        emit.here(left)
        emit.add_atomically(self.module.globals[ABORTS], emit.fit(emit.compare(status, "==", ABORTED), I64))
        emit.jump(done, *super()._section(emit, code, area, lane, arguments, fail))
        return emit.here(done)

    def _assembly(self, code: Compiled) -> Assembly:
        architecture, at = self.environment.architecture, self.position
        assembly = architecture.assemble(section(code.body), self.index)
        return replace(assembly, hot=(*assembly.hot[:at], Line(architecture.breakpoint), *assembly.hot[at:]))
