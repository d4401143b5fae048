"""The functions that the emulator calls, as LLVM's input: one for each sequence that is checked, without parameters.

It reads `input`, runs the sequence, and writes `output`. Where the spare lane would be taken, it gives up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rseq._arch.base import IndexMode
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import BUSY, OK, llvm_type, pack
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.writer import I32, I64, VOID, Writer, ll
from rseq._language.compiled import Compiled
from rseq._language.types import Scalar, Word


class _Environment(BlobEnvironment):
    def spare(self, emit: Writer, code: Compiled, *_: Any) -> Any:
        return pack(emit, code, I32(BUSY))


def module_of(codes: Sequence[Compiled], architecture: Any, index: IndexMode, inputs: int) -> Any:
    """The module with `entry_0`, `entry_1`, … for each sequence, and so many words of input."""
    environment = _Environment.new("check", architecture, has_rseq=True)
    unit = Unit(environment.module, environment, index)
    words = 1 + max((len(code.body.results) for code in codes), default=0)
    places = environment.data("input", ll.ArrayType(I64, inputs)), environment.data("output", ll.ArrayType(I64, words))
    for number, code in enumerate(codes):
        _write(environment.function(f"entry_{number}", VOID, [], "nounwind"), unit, code, *places)
    return environment.module


def _write(emit: Writer, unit: Unit, code: Compiled, given: Any, answered: Any) -> None:
    register = ll.IntType(8 * unit.environment.architecture.pointer_bytes)
    parameters = code.body.parameters

    def given_word(number: int, is_wide: bool) -> Any:
        """A word of input; of one that fits a register, that much: LLVM would load and keep pairs."""
        return emit.fit(emit.load(given, 8 * number, I64 if is_wide else register, order="monotonic", align=8), I64)

    wide = [False] * 3 + [isinstance(value.type, Scalar) and value.type.size == 8 for value in parameters]
    base, stride, lanes, *words = (given_word(number, is_wide) for number, is_wide in enumerate(wide))
    arguments = [_from_word(emit, word, value.type) for word, value in zip(words, parameters, strict=True)]

    def leave(number: Any) -> None:
        emit.store(emit.fit(number, I64), answered, order="monotonic")
        emit.ret()

    lane = Lane(base, stride, lanes, I64(0))
    results = unit.run(emit, code, unit.environment.area(emit), lane, arguments, leave)
    for place, (result, type) in enumerate(zip(results, code.body.results, strict=True), 1):
        emit.store(_to_word(emit, result, type), answered, 8 * place, order="monotonic")
    leave(I32(OK))


def _from_word(emit: Writer, word: Any, type: Word) -> Any:
    narrow = emit.fit(word, ll.IntType(type.bits))
    return emit.llvm.bitcast(narrow, llvm_type(type)) if type.is_float else narrow


def _to_word(emit: Writer, value: Any, type: Word) -> Any:
    return emit.fit(emit.llvm.bitcast(value, ll.IntType(type.bits)) if type.is_float else value, I64)
