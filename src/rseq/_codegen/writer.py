"""The words in which machine code is written: LLVM's, in the few forms that are needed here.

    emit = process.function("take", PTR, [I64, I64])
    word, size = emit.arguments
    held = emit.call("malloc", PTR, size)
    with emit.if_(emit.compare(held, "==", 0), likely=False):
        emit.ret(emit.call("PyErr_NoMemory", PTR))
    emit.store(word, held, 8)

A plain number stands for a constant of the other operand's type; as an argument of the process's functions, for an i64.
`I32(0)` is a constant of that type. Where memory is meant, a pointer serves as well as an address, which is an i64.

Ways that meet do so at a label, which has values: `jump` brings them, `here` begins what follows there, and gives them.
So a loop is written, too; its values at the first turn are what the first jump brings:

    again = emit.label("again", I64)
    emit.jump(again, 0)
    (turn,) = emit.here(again)
    …
    with emit.if_(emit.compare(turn, "<", last)):
        emit.jump(again, emit.add(turn, 1))

What is used once or twice is no word of its own: `emit.llvm` is LLVM's builder.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rseq._layout import Layout, this
from rseq._once import load

load("llvmlite.ir")  # or the sentence that says what brings it
ll: Any = sys.modules["llvmlite.ir"]

__all__ = ["DOUBLE", "I1", "I8", "I32", "I64", "NULL", "PTR", "VOID", "Label", "Pointed", "Process", "Writer"]
__all__ += ["constant"]

I1, I8, I32, I64 = (ll.IntType(bits) for bits in (1, 8, 32, 64))
DOUBLE, VOID, PTR = ll.DoubleType(), ll.VoidType(), ll.PointerType()
NULL = PTR(None)

Value = Any
"""One of LLVM's values, or a plain number where the type is known."""

_RARELY = 1 << 20
"""How many times more often a way is taken than one that is not expected."""


def constant(type: Any, value: Value) -> Any:
    """A number as one of LLVM's constants; what is none stays as it is."""
    if not isinstance(value, (int, float)):
        return value
    return type(None) if isinstance(type, ll.PointerType) else type(value)


class Process(ABC):
    """An LLVM module, how its code reaches functions and variables of the process, and how Python's objects lie there.

    A module is made for this process, unless it says otherwise.
    """

    module: Any
    layout: Layout = this()

    @abstractmethod
    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        """Emit a call of the process's function `name`."""

    @abstractmethod
    def address(self, builder: Any, name: str) -> Any:
        """Emit the address of the process's symbol `name`, as a pointer."""

    def function(self, name: str, returns: Any, parameters: Sequence[Any], *attributes: str) -> Writer:
        """A new function of the module, and what writes it."""
        made = ll.Function(self.module, ll.FunctionType(returns, parameters), name)
        for attribute in attributes:
            made.attributes.add(attribute)
        return Writer(ll.IRBuilder(made.append_basic_block("entry")), self)

    def data(self, name: str, type: Any = I64, linkage: str = "hidden") -> Any:
        """A variable of the module's, zero at first."""
        made = ll.GlobalVariable(self.module, type, name)
        made.initializer, made.linkage, made.align = type(None), linkage, 8
        return made

    def helper(
        self, name: str, returns: Any, parameters: Sequence[Any], write: Callable[..., None], *, cold: bool = True
    ) -> Any:
        """The module's own function of this name, not inlined. `write(emit, *arguments)` writes it, once."""
        if name not in self.module.globals:
            emit = self.function(name, returns, parameters, "noinline", "nounwind", *(["cold"] if cold else []))
            emit.function.linkage = "internal"
            write(emit, *emit.arguments)
        return self.module.globals[name]


class Pointed:
    """A pointer that LLVM's builder takes for a function."""

    def __init__(self, pointer: Any, function_type: ll.FunctionType) -> None:
        self.type = PTR
        self.ftype = self.function_type = function_type
        self._pointer = pointer

    def get_reference(self) -> str:
        """How the call names it."""
        return str(self._pointer.get_reference())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pointer, name)


class Label:
    """A place in a function to which several ways lead, each with its values."""

    def __init__(self, block: Any, types: Sequence[Any]) -> None:
        self.block, self.types = block, types
        self.values: tuple[Any, ...] = ()
        self._came: list[tuple[Any, tuple[Any, ...]]] = []

    @property
    def is_reached(self) -> bool:
        """Whether a way leads here."""
        return bool(self._came)

    def come(self, block: Any, values: Sequence[Value]) -> None:
        """Note that `block` leads here."""
        given = tuple(constant(type, value) for type, value in zip(self.types, values, strict=True))
        self._came.append((block, given))
        for phi, value in zip(self.values, given, strict=False):
            phi.add_incoming(value, block)

    def begin(self, builder: Any) -> tuple[Any, ...]:
        """Emit what follows here; its values."""
        builder.position_at_end(self.block)
        self.values = tuple(map(builder.phi, self.types))
        for block, given in self._came:
            for phi, value in zip(self.values, given, strict=True):
                phi.add_incoming(value, block)
        return self.values


def _binary(name: str) -> Callable[[Writer, Value, Value], Any]:
    def emit(self: Writer, one: Value, other: Value) -> Any:
        return getattr(self.llvm, name)(*_alike(one, other))

    return emit


class Writer:
    """Writes machine code at one place of one function."""

    def __init__(self, builder: Any, process: Process) -> None:
        self.llvm, self.process, self.module = builder, process, process.module

    @property
    def function(self) -> Any:
        """The function that is written."""
        return self.llvm.function

    @property
    def arguments(self) -> Sequence[Any]:
        """Its arguments."""
        arguments: Sequence[Any] = self.function.args
        return arguments

    # ---- numbers

    add, sub, mul, udiv, urem = map(_binary, ("add", "sub", "mul", "udiv", "urem"))
    and_, or_, xor, shl, lshr = map(_binary, ("and_", "or_", "xor", "shl", "lshr"))

    def compare(self, one: Value, comparison: str, other: Value, *, signed: bool = False) -> Any:
        """Emit: does it hold? Of pointers and unsigned numbers, unless they are `signed`."""
        compare = self.llvm.icmp_signed if signed else self.llvm.icmp_unsigned
        return compare(comparison, *_alike(one, other))

    def truth(self, value: Any) -> Any:
        """Emit: is a number not 0, a pointer not NULL?"""
        return value if value.type == I1 else self.compare(value, "!=", 0)

    def choose(self, condition: Any, one: Value, other: Value) -> Any:
        """Emit: `one` if it holds, else `other`."""
        return self.llvm.select(self.truth(condition), *_alike(one, other))

    def fit(self, value: Any, type: Any, *, signed: bool = False) -> Any:
        """Emit: an integer in a type that may be wider or narrower."""
        if value.type.width == type.width:
            return value
        if value.type.width > type.width:
            return self.llvm.trunc(value, type)
        return (self.llvm.sext if signed else self.llvm.zext)(value, type)

    # ---- memory

    def pointer(self, place: Any) -> Any:
        """Emit: the pointer to an address."""
        return place if isinstance(place.type, ll.PointerType) else self.llvm.inttoptr(place, PTR)

    def address(self, place: Any) -> Any:
        """Emit: the address that a pointer is."""
        return self.llvm.ptrtoint(place, I64) if isinstance(place.type, ll.PointerType) else place

    def offset(self, place: Any, offset: Value) -> Any:
        """Emit: the pointer to so many bytes behind a place."""
        if isinstance(offset, int) and offset == 0:
            return self.pointer(place)
        return self.llvm.gep(self.pointer(place), [constant(I64, offset)], source_etype=I8)

    def item(self, place: Any, index: Value, type: Any) -> Any:
        """Emit: the pointer to an item of an array of this type."""
        return self.llvm.gep(self.pointer(place), [constant(I64, index)], source_etype=type)

    def load(self, place: Any, offset: Value = 0, type: Any = I64, *, order: str = "", align: int | None = None) -> Any:
        """Emit: what is there; with an `order`, atomically."""
        pointer = self.offset(place, offset)
        if order:
            return self.llvm.load_atomic(pointer, order, align or type.width // 8, typ=type)
        return self.llvm.load(pointer, typ=type, align=align)

    def store(self, value: Any, place: Any, offset: Value = 0, *, order: str = "", align: int | None = None) -> None:
        """Emit: put a value there; with an `order`, atomically."""
        pointer, block = self.offset(place, offset), self.llvm.block
        if order:
            size = align or value.type.width // 8
            instruction = ll.instructions.StoreAtomicInstr(block, value, pointer, order, size)
        else:
            instruction = ll.instructions.StoreInstr(block, value, pointer)
            instruction.align = align
        self.llvm._insert(instruction)  # its own methods want pointers to that very type

    def exchange_if(self, place: Any, before: Value, after: Value, order: str = "seq_cst", failed: str = "") -> Any:
        """Emit: atomically, `after` instead of `before` if that is there; whether it was. One of them has a type."""
        pair = self.llvm.cmpxchg(self.pointer(place), *_alike(before, after), order, failed or order)
        return self.llvm.extract_value(pair, 1)

    def add_atomically(self, place: Any, value: Value) -> Any:
        """Emit: add an i64 to what is there; what was there before."""
        return self.llvm.atomic_rmw("add", self.pointer(place), constant(I64, value), "monotonic")

    def slot(self, type: Any, count: int = 1) -> Any:
        """Memory of the function's own, as long as it runs."""
        with self.llvm.goto_entry_block():
            return self.llvm.alloca(type, count if count > 1 else None)

    def text(self, text: str) -> Any:
        """A text, as C has it."""
        data = bytearray(text.encode() + b"\0")
        made = ll.GlobalVariable(self.module, ll.ArrayType(I8, len(data)), self.module.get_unique_name("text"))
        made.initializer, made.linkage, made.global_constant = made.value_type(data), "internal", True
        return made

    # ---- calls

    def call(self, name: str, returns: Any, *arguments: Value, fixed: int | None = None) -> Any:
        """Emit a call of the process's function `name`; how many arguments follow the `fixed` ones is open, as in C."""
        type, given = _signature(returns, arguments, fixed)
        return self.process.call(self.llvm, name, type, given)

    def call_at(self, address: Any, returns: Any, *arguments: Value, fixed: int | None = None) -> Any:
        """Emit a call of the function to which a pointer leads."""
        type, given = _signature(returns, arguments, fixed)
        return self.llvm.call(Pointed(address, type), given)

    def run(self, function: Any, *arguments: Value) -> Any:
        """Emit a call of a function of this module."""
        return self.llvm.call(function, list(map(constant, function.function_type.args, arguments)))

    def symbol(self, name: str) -> Any:
        """Emit: a pointer to the process's variable or object `name`."""
        return self.process.address(self.llvm, name)

    def assembly(self, template: str, constraints: str, returns: Any, *arguments: Any) -> Any:
        """Emit assembly in line, which LLVM leaves where it is."""
        type = ll.FunctionType(returns, [argument.type for argument in arguments])
        return self.llvm.call(ll.InlineAsm(type, template, constraints, side_effect=True), arguments)

    # ---- ways

    @contextmanager
    def if_(self, condition: Any, *, likely: bool | None = None) -> Iterator[None]:
        """Emit what follows for where a condition holds, or a number is not 0."""
        with self.llvm.if_then(self.truth(condition), likely=likely):
            yield

    def unless(self, condition: Any, *, likely: bool | None = None) -> AbstractContextManager[None]:
        """Emit what follows for where it does not."""
        return self.if_(self.llvm.not_(self.truth(condition)), likely=likely)

    def if_else(self, condition: Any) -> AbstractContextManager[tuple[AbstractContextManager[Any], ...]]:
        """Emit both: `as (then, otherwise)`, each a context of its own."""
        both: AbstractContextManager[tuple[AbstractContextManager[Any], ...]]
        both = self.llvm.if_else(self.truth(condition))
        return both

    def label(self, name: str, *types: Any) -> Label:
        """A new label, with values of these types."""
        return Label(self.llvm.append_basic_block(name), types)

    def jump(self, label: Label, *values: Value) -> None:
        """Emit: go on there."""
        label.come(self.llvm.block, values)
        self.llvm.branch(label.block)

    def branch(self, condition: Any, yes: Label, no: Label, *values: Value, likely: bool | None = None) -> None:
        """Emit: go on at one of two labels. The values are for both, or for that which has some."""
        for label in (yes, no):
            label.come(self.llvm.block, values if label.types else ())
        made = self.llvm.cbranch(self.truth(condition), yes.block, no.block)
        if likely is not None:
            made.set_weights([_RARELY, 1] if likely else [1, _RARELY])

    def here(self, label: Label) -> tuple[Any, ...]:
        """Emit what follows at `label`; its values. What is written above it goes on there, if there are none."""
        if not label.types and not self.has_ended:
            self.jump(label)
        return label.begin(self.llvm)

    @property
    def has_ended(self) -> bool:
        """Whether the code has gone elsewhere: nothing can follow but a label."""
        return bool(self.llvm.block.is_terminated)

    def ret(self, value: Value = None) -> None:
        """Emit: return a value, or nothing."""
        if value is None:
            self.llvm.ret_void()
        else:
            self.llvm.ret(constant(self.function.function_type.return_type, value))


def _signature(returns: Any, arguments: Sequence[Value], fixed: int | None) -> tuple[Any, list[Any]]:
    given = [constant(I64, argument) for argument in arguments]
    types = [argument.type for argument in given[:fixed]]
    return ll.FunctionType(returns, types, var_arg=fixed is not None), given


def _alike(one: Value, other: Value) -> tuple[Any, Any]:
    """Both operands as values; a number is of the other's type."""
    if isinstance(one, (int, float)):
        return constant(other.type, one), other
    return one, constant(one.type, other)
