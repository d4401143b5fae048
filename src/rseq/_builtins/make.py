"""From a sequence or a routine to a builtin's machine code. All of the compiler is behind this file."""

from __future__ import annotations

from collections.abc import Mapping

from rseq._arch import Architecture
from rseq._arch.base import IndexMode
from rseq._builtins.arguments import metadata_text, parameter_names
from rseq._builtins.builtin import Builtin
from rseq._builtins.cpython import PythonEnvironment
from rseq._builtins.form import Made
from rseq._codegen.codes import refusals
from rseq._codegen.lower import Unit
from rseq._language.compiled import Compiled
from rseq._layout import Layout


def make(
    code: Compiled,
    index: IndexMode,
    dimensions: int,
    *,
    has_rseq: bool,
    architecture: Architecture | None = None,
    layout: Layout | None = None,
) -> Made:
    """Compile it, for this process unless told otherwise. `dimensions` are those of the array that it works on.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    """
    environment = PythonEnvironment.new("rseq", architecture, has_rseq=has_rseq, layout=layout)
    unit = _lowered(environment, code, index, dimensions)
    told = {number: (kind.__name__, text) for number, (kind, text) in refusals(code, [*unit.checks]).items()}
    names, text = tuple(parameter_names(code, dimensions)), metadata_text(code, "", dimensions)
    return Made(environment.compiled(["builtin", *unit.counters]), names, text, told, tuple(unit.counters))


def counters(code: Compiled, index: IndexMode, dimensions: int, *, has_rseq: bool) -> Mapping[str, Compiled]:
    """Whose aborts the variables count that `Made.counters` names."""
    environment = PythonEnvironment.new("rseq", has_rseq=has_rseq)
    return _lowered(environment, code, index, dimensions).counters


def _lowered(environment: PythonEnvironment, code: Compiled, index: IndexMode, dimensions: int) -> Unit:
    unit = Unit(environment.module, environment, index, counter_linkage="hidden")
    Builtin(unit, code, dimensions).lower("builtin")
    return unit
