"""x86-64: from one type of numbers to another.

Between integers and floats, the processor converts signed 64-bit integers only (before AVX-512), and its answer to a
float that does not fit is the smallest of them. The language wants unsigned ones, too, the nearest end of the type for
what does not fit, and 0 for NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

from rseq._arch.load_store import LoadStoreEmitter
from rseq._arch.registers import RegisterClass, Slot
from rseq._language import ir
from rseq._language.types import Scalar, Word

WIDTH = {1: "b", 2: "w", 4: "k", 8: "q"}
"""The form of a register's name, by the bytes that are meant."""

EXTEND = {  # into 64 bits; a 32-bit destination clears the upper half
    ("signed", 1): ("movsbq", "q"),
    ("signed", 2): ("movswq", "q"),
    ("signed", 4): ("movslq", "q"),
    ("signed", 8): ("movq", "q"),
    ("unsigned", 1): ("movzbl", "k"),
    ("unsigned", 2): ("movzwl", "k"),
    ("unsigned", 4): ("movl", "k"),
    ("unsigned", 8): ("movq", "q"),
    ("bool", 1): ("movzbl", "k"),
    ("pointer", 8): ("movq", "q"),
}
"""The instruction that reads a number of a kind and size, and the form of the register that it writes."""

_I64 = Scalar("i64", "signed", 8, "q")


def conversion_scratch(op: ir.Convert) -> Sequence[RegisterClass | str]:
    """The registers that a conversion needs besides."""
    from_float, to_float = op.source.type.is_float, op.target.type.is_float
    if to_float and not from_float and op.source.type.name == "u64":
        return ("int",)
    if from_float and not to_float and op.target.type.name == "u64":
        return ("float",)
    return ()


def float_name(name: str, type: Word) -> str:
    """The instruction `name` for floats of this type."""
    return name + ("ss" if type.size == 4 else "sd")


class ConvertingEmitter(LoadStoreEmitter):
    """An emitter of conversions."""

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        name, form = EXTEND[type.kind, type.size]
        self.line(f"{name} {source:{WIDTH[type.size]}}, {target:{form}}")

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        self.line(f"{'cvtss2sd' if to.size == 8 else 'cvtsd2ss'} {source}, {target}")

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        convert = float_name("cvtsi2", to) + "q"
        self.line(f"xorps {target}, {target}")
        if given.name != "u64":
            self.line(f"{convert} {source}, {target}")
            return
        large, halved, done, half = self.new_label(), self.new_label(), self.new_label(), self.extra[0]
        self.line(f"testq {source}, {source}")
        self.line(f"js {large}f")
        self.line(f"{convert} {source}, {target}")
        self.line(f"jmp {done}f")
        self.label(large)  # half of it, with the lost bit kept for rounding, then doubled
        self.line(f"movq {source}, {half}")
        self.line(f"shrq $1, {half}")
        self.line(f"jnc {halved}f")
        self.line(f"orq $1, {half}")
        self.label(halved)
        self.line(f"{convert} {half}, {target}")
        self.line(f"{float_name('add', to)} {target}, {target}")
        self.label(done)

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor answers the smallest i64 where the number does not fit; then look again."""
        done = self.new_label()
        self.line(f"{float_name('cvtt', given)}2siq {source}, {target}")
        if to.name == "u64":
            self._beyond_i63(source, given, target, done)
        else:
            self._beyond_i64(source, given, target)
            self._clamp(target, to)
        self.label(done)

    def _beyond_i64(self, source: Slot, kind: Scalar, target: Slot) -> None:
        fits, number = self.new_label(), self.new_label()
        self.line(f"cmpq $1, {target}")
        self.line(f"jno {fits}f")
        self.line(f"{float_name('ucomi', kind)} {source}, {source}")
        self.line(f"jnp {number}f")
        self.line(f"xorl {target:k}, {target:k}")
        self.line(f"jmp {fits}f")
        self.label(number)
        if kind.size == 8:
            self.line(f"movq {source}, {target}")
        else:
            self.line(f"movd {source}, {target:k}")
            self.line(f"movslq {target:k}, {target}")
        self.line(f"sarq $63, {target}")
        self.line(f"btcq $63, {target}")
        self.line(f"notq {target}")
        self.label(fits)

    def _clamp(self, target: Slot, to: Scalar) -> None:
        if to.size == 8:
            return
        for bound, keeps in ((to.maximum, "jle"), (to.minimum, "jge")):
            within = self.new_label()
            limit = f"{self.literal(ir.Const(bound, _I64))}b"
            self.line(f"cmpq {limit}(%rip), {target}")
            self.line(f"{keeps} {within}f")
            self.line(f"movq {limit}(%rip), {target}")
            self.label(within)

    def _beyond_i63(self, source: Slot, kind: Scalar, target: Slot, done: int) -> None:
        """u64 from 2**63 on: convert the rest and put the bit back; from 2**64 on all ones; negative and NaN 0."""
        shifted = self.extra[0]
        edge = f"{self.literal(ir.Const(2.0**63, kind))}b"
        zero = self.new_label()
        self.line(f"testq {target}, {target}")
        self.line(f"jns {done}f")
        self.line(f"{float_name('mov', kind)} {edge}(%rip), {shifted}")
        self.line(f"{float_name('ucomi', kind)} {shifted}, {source}")
        self.line(f"movq $0, {target}")
        self.line(f"jp {done}f")
        self.line(f"jb {done}f")
        self.line(f"movaps {source}, {shifted}")
        self.line(f"{float_name('sub', kind)} {edge}(%rip), {shifted}")
        self.line(f"{float_name('cvtt', kind)}2siq {shifted}, {target}")
        self.line(f"testq {target}, {target}")
        self.line(f"js {zero}f")
        self.line(f"btcq $63, {target}")
        self.line(f"jmp {done}f")
        self.label(zero)
        self.line(f"movq $-1, {target}")
