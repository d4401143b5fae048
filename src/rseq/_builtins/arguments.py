"""Which argument is which: positional and keyword arguments and defaults, as CPython passes them to a builtin.

The fast path takes the caller's array as it is, if all arguments were given by position; a function
of its own sorts out everything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.ir as ll

from rseq._builtins.cpython import CPython
from rseq._codegen.codes import I32, I64, PTR
from rseq._codegen.lower import Unit
from rseq._language.compiled import Compiled

__all__ = ["Arguments", "metadata_text", "parameter_names"]


def parameter_names(code: Compiled, dimensions: int) -> list[str]:
    """What the builtin's parameters are called: the sequence's, after the index into an array of records."""
    names = [value.name for value in code.body.given]
    index = "index"
    while index in names:
        index += "_"
    return [index, *names] if dimensions else names


def metadata_text(code: Compiled, name: str, dimensions: int) -> str:
    """The builtin's docstring as CPython parses it: signature line, then the user's text.

    CPython has no signatures with other letters than ASCII's, nor with NaN. Those remain a line of the text.
    """
    defaults = code.body.defaults
    parameters = [
        f"{name}={_default(defaults[name])}" if name in defaults else name for name in parameter_names(code, dimensions)
    ]
    line = f"{name}({', '.join(parameters)})"
    is_plain = line.isascii() and not any(math.isnan(default) for default in defaults.values())
    return "\n".join([line, *(["--"] if is_plain else []), "", code.__doc__ or ""])


def _default(number: int | float) -> str:
    return repr(number).replace("inf", "1e999")


class Arguments(CPython):
    """Emits how a builtin called `title` in messages finds its arguments."""

    def __init__(self, unit: Unit, code: Compiled, title: str, dimensions: int) -> None:
        super().__init__(unit, code)
        self.title, self.dimensions = title, dimensions
        self.names = parameter_names(code, dimensions)

    def _arguments(self, arguments: Any, count: Any, keywords: Any) -> Any:
        """Emit: a pointer to one object pointer for each parameter; NULL stands for its default."""
        builder, wanted = self.builder, len(self.names)
        array = builder.alloca(ll.ArrayType(PTR, max(wanted, 1)))
        plain = builder.and_(
            builder.icmp_unsigned("==", count, ll.Constant(I64, wanted)),
            builder.icmp_unsigned("==", keywords, ll.Constant(PTR, None)),
        )
        fast, slow, ready = (builder.append_basic_block(name) for name in ("fast", "slow", "ready"))
        builder.cbranch(plain, fast, slow).set_weights([1 << 20, 1])
        builder.position_at_end(fast)
        builder.branch(ready)
        builder.position_at_end(slow)
        sorted_out = builder.call(self._sorter(), [arguments, count, keywords, array])
        with builder.if_then(builder.icmp_signed("<", sorted_out, ll.Constant(I32, 0)), likely=False):
            builder.ret(ll.Constant(PTR, None))
        slow = builder.block
        builder.branch(ready)
        builder.position_at_end(ready)
        chosen = builder.phi(PTR)
        chosen.add_incoming(arguments, fast)
        chosen.add_incoming(array, slow)
        return chosen

    def _sorter(self) -> Any:
        """A function that sorts positional and keyword arguments into an array; -1 and an exception if it cannot."""
        function = ll.Function(self.module, ll.FunctionType(I32, [PTR, I64, PTR, PTR]), self._unique("arguments"))
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        arguments, count, keywords, array = function.args
        outer, self.builder = self.builder, ll.IRBuilder(function.append_basic_block("entry"))
        builder, wanted = self.builder, len(self.names)
        text = f"{self.title}() takes {self._arity()}, got %zd positional"
        with builder.if_then(builder.icmp_unsigned(">", count, ll.Constant(I64, wanted)), likely=False):
            self._format("PyExc_TypeError", text, [count])
            builder.ret(ll.Constant(I32, -1))
        with self._each(ll.Constant(I64, wanted)) as index:
            slot = builder.gep(array, [index], source_etype=PTR)
            builder.store(ll.Constant(PTR, None), slot)
            with builder.if_then(builder.icmp_unsigned(">", count, index)):
                source = builder.gep(arguments, [index], source_etype=PTR)
                builder.store(builder.load(source, typ=PTR), slot)
        with builder.if_then(builder.icmp_unsigned("!=", keywords, ll.Constant(PTR, None))):
            self._sort_keywords(arguments, count, keywords, array)
        self._require_all(array)
        builder.ret(ll.Constant(I32, 0))
        self.builder = outer
        return function

    def _arity(self) -> str:
        required = len(self.names) - len(self.code.body.defaults)
        most = len(self.names)
        word = "argument" if most == 1 else "arguments"
        return f"{most} {word}" if required == most else f"{required} to {most} {word}"

    def _sort_keywords(self, arguments: Any, count: Any, keywords: Any, array: Any) -> None:
        builder = self.builder
        total = self._call("PyTuple_Size", I64, [keywords])
        with self._each(total) as index:
            name = self._call("PyTuple_GetItem", PTR, [keywords, index])
            place = builder.gep(arguments, [builder.add(count, index)], source_etype=PTR)
            value = builder.load(place, typ=PTR)
            number = self._number_of(name)
            with builder.if_then(builder.icmp_signed("<", number, ll.Constant(I64, 0)), likely=False):
                self._format("PyExc_TypeError", f"{self.title}() has no parameter called %R", [name])
                builder.ret(ll.Constant(I32, -1))
            slot = builder.gep(array, [number], source_etype=PTR)
            twice = builder.icmp_unsigned("!=", builder.load(slot, typ=PTR), ll.Constant(PTR, None))
            with builder.if_then(twice, likely=False):
                self._format("PyExc_TypeError", f"{self.title}() got two values for '%s'", [self._name(number)])
                builder.ret(ll.Constant(I32, -1))
            builder.store(value, slot)

    @contextmanager
    def _each(self, total: Any) -> Iterator[Any]:
        """Emit a loop for each index below `total`."""
        builder = self.builder
        entry, loop, done = builder.block, builder.append_basic_block("each"), builder.append_basic_block("all")
        builder.cbranch(builder.icmp_signed(">", total, ll.Constant(I64, 0)), loop, done)
        builder.position_at_end(loop)
        index = builder.phi(I64)
        index.add_incoming(ll.Constant(I64, 0), entry)
        yield index
        after = builder.add(index, ll.Constant(I64, 1))
        index.add_incoming(after, builder.block)
        builder.cbranch(builder.icmp_signed("<", after, total), loop, done)
        builder.position_at_end(done)

    def _number_of(self, name: Any) -> Any:
        """Emit: the number of the parameter that the string `name` is, or -1."""
        builder = self.builder
        with builder.goto_entry_block():
            found = builder.alloca(I64)
        builder.store(ll.Constant(I64, -1), found)
        with self._each(ll.Constant(I64, len(self.names))) as index:
            order = self._compared(name, self._name(index))
            with builder.if_then(builder.icmp_signed("==", order, ll.Constant(I32, 0))):
                builder.store(index, found)
        return builder.load(found, typ=I64)

    def _compared(self, name: Any, text: Any) -> Any:
        """Emit: 0 if the string `name` is the text of a parameter's name."""
        if all(known.isascii() for known in self.names):
            return self._call("PyUnicode_CompareWithASCIIString", I32, [name, text])
        builder = self.builder
        other = self._call("PyUnicode_FromString", PTR, [text])
        with builder.if_then(builder.icmp_unsigned("==", other, ll.Constant(PTR, None)), likely=False):
            builder.ret(ll.Constant(I32, -1))
        order = self._call("PyUnicode_Compare", I32, [name, other])
        self._call("Py_DecRef", ll.VoidType(), [other])
        return order

    def _name(self, number: Any) -> Any:
        """Emit: the text of a parameter's name."""
        return self.builder.load(self.builder.gep(self._table(), [number], source_etype=PTR), typ=PTR)

    def _table(self) -> Any:
        """The texts of all parameters' names, one after the other."""
        if "names" not in self.module.globals:
            kind = ll.ArrayType(PTR, len(self.names))
            table = ll.GlobalVariable(self.module, kind, "names")
            table.initializer = ll.Constant(kind, [self._text(name) for name in self.names])
            table.linkage = "internal"
        return self.module.globals["names"]

    def _require_all(self, array: Any) -> None:
        builder = self.builder
        required = len(self.names) - len(self.code.body.defaults)  # those with defaults come last
        with self._each(ll.Constant(I64, required)) as index:
            slot = builder.gep(array, [index], source_etype=PTR)
            missing = builder.icmp_unsigned("==", builder.load(slot, typ=PTR), ll.Constant(PTR, None))
            with builder.if_then(missing, likely=False):
                self._format("PyExc_TypeError", f"{self.title}() needs a value for '%s'", [self._name(index)])
                builder.ret(ll.Constant(I32, -1))
