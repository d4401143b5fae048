"""Sections with a breakpoint before one of their instructions: the kernel sends SIGTRAP there, and must abort them.

    first:   the section with the breakpoint
             done ?  done : left
    left:    was it aborted?  count it
             the section as it is, as often as it takes

The code is never written to: who comes back from the abort handler goes on with a copy that has no breakpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import llvmlite.ir as ll

from rseq._arch.base import ABORTED, FINISH, LEFT, START, Assembly, Line
from rseq._check.code import readable
from rseq._codegen.codes import I64
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit, emit_block
from rseq._language.compiled import Compiled
from rseq._language.section import section

__all__ = ["ABORTS", "Interrupted", "places", "with_line"]

ABORTS = "aborts"
"""The module's variable that counts how often a section with a breakpoint has been aborted."""


def places(assembly: Assembly) -> Iterator[tuple[int, str]]:
    """Where each instruction between start and end stands in `assembly.hot`, and what it says."""
    texts = [line.text for line in assembly.hot]
    inside = range(texts.index(f"{START}:"), texts.index(f"{FINISH}:"))
    for position in inside:
        if assembly.hot[position].is_instruction:
            yield position, readable(assembly.hot[position], assembly.slots)


def with_line(assembly: Assembly, position: int, text: str) -> Assembly:
    """`text` before the line at `position`."""
    return replace(assembly, hot=(*assembly.hot[:position], Line(text), *assembly.hot[position:]))


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
        self, builder: Any, code: Compiled, area: Any, lane: Lane, arguments: Sequence[Any], fail: Callable[[Any], None]
    ) -> Any:
        if code is not self.target:
            return super()._section(builder, code, area, lane, arguments, fail)
        first, left, done = (builder.append_basic_block(name) for name in ("first", "left", "done"))
        builder.branch(first)
        builder.position_at_end(first)
        status, result = emit_block(builder, self._assembly(code), area, lane, arguments)
        builder.cbranch(builder.icmp_unsigned(">=", status, ll.Constant(I64, LEFT)), left, done)
        builder.position_at_end(left)
        self._count(builder, status)
        again = super()._section(builder, code, area, lane, arguments, fail)
        end_of_left = builder.block
        builder.branch(done)
        builder.position_at_end(done)
        if result is None:
            return None
        either = builder.phi(result.type)
        either.add_incoming(result, first)
        either.add_incoming(again, end_of_left)
        return either

    def _assembly(self, code: Compiled) -> Assembly:
        architecture = self.environment.architecture
        return with_line(architecture.assemble(section(code.body), self.index), self.position, architecture.breakpoint)

    def _count(self, builder: Any, status: Any) -> None:
        aborted = builder.icmp_unsigned("==", status, ll.Constant(I64, ABORTED))
        builder.atomic_rmw("add", self.module.globals[ABORTS], builder.zext(aborted, I64), "monotonic")
