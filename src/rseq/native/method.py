"""Hot methods of structures: method descriptors that jump to the machine code made for the very object.

A structure's objects carry a payload, as a builtin's `self` does, in a slot that no name leads to:

    entry of method 0, entry of method 1, …      machine code for this object's kind of storage
    base, stride, lanes, lock, …                 what that code reads (native/builtin.py)

The descriptor's function is the same for all objects of all classes: it loads the payload, and
jumps to the entry with the payload's second part in place of `self`. So `counter.add(1)` is an
ordinary method call, which every version of CPython has made fast, where a builtin stored in an
attribute is not (3.11 takes twice as long to find it).
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from ..arch import host
from ..once import once, turn
from .bind import METH_FASTCALL_KEYWORDS, MethodDef
from .load import load

__all__ = ["Context", "MethodWriter", "descriptor", "install", "install_function", "thread_state"]

PAYLOAD_SLOT = object.__basicsize__
"""Where an object keeps its first slot."""


class Context(NamedTuple):
    """What `with` does with a structure. `take` and `give_back` are hot methods; the second gets the first's result.

    Their machine code is called, whatever a subclass has put in their place.
    """

    take: str
    give_back: str
    outside: str
    """What a thread is told that leaves a block which it is not in."""
    gives: bool = True
    """Whether the result is what `as` names; else that is None."""


_installed: set[tuple[type, str]] = set()
_kept: list[MethodDef] = []


def install(owner: type, name: str, position: int, count: int) -> None:
    """Make `owner.name`, a Python function, the native method number `position` of `count`. Once is enough.

    Signature and documentation are the Python function's.
    Threads: any.
    """
    install_function(owner, name, lambda: _jump(position, count), METH_FASTCALL_KEYWORDS)


def install_function(owner: type, name: str, function: Callable[[], int], flags: int) -> None:
    """The same with the function whose address `function()` gives, called as `flags` say (methodobject.h)."""
    with turn((owner, name)):
        if (owner, name) in _installed:
            return
        setattr(owner, name, descriptor(owner, name, function(), _text(vars(owner)[name]), flags))
        _installed.add((owner, name))


def descriptor(owner: type, name: str, function: int, text: str, flags: int = METH_FASTCALL_KEYWORDS) -> Any:
    """A method descriptor for objects of `owner` whose machine code is at `function`. It is never freed."""
    method = MethodDef(name.encode(), function, flags, text.encode())
    _kept.append(method)
    return _new_descriptor()(owner, ctypes.byref(method))


def _text(function: Any) -> str:
    """The docstring as CPython parses it, with the signature of `function` without its annotations."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty, name=parameter.name)
        for parameter in signature.parameters.values()
    ]
    line = str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return f"{function.__name__}{line.replace('(self', '($self', 1)}\n--\n\n{inspect.getdoc(function) or ''}"


@cache
def _new_descriptor() -> Any:
    new = ctypes.pythonapi["PyDescr_NewMethod"]
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.py_object, ctypes.c_void_p]
    return new


@once
def _jump(position: int, count: int) -> int:
    """The address of the function that jumps to entry `position` of `count`."""
    writer = MethodWriter("method", ("arguments", "count", "keywords"))
    writer.builder.ret(writer.call_entry(position, count, writer.arguments))
    return writer.address()


class MethodWriter:
    """Writes a function that a method descriptor calls: `PyObject *name(owner, arguments …)`.

    It begins by loading the owner's payload, and raises TypeError if there is none. `builder` is where it goes on.
    """

    def __init__(self, name: str, arguments: Sequence[Literal["arguments", "count", "keywords"]]) -> None:
        import llvmlite.ir as ll

        from .blob import BlobEnvironment, new_module
        from .codes import I8, I64, PTR

        architecture = host()
        assert architecture is not None, "a method is installed after its code was made"
        self._architecture, self._name = architecture, name
        self.module = new_module(architecture, name)
        self._environment = BlobEnvironment(architecture, self.module, has_rseq=False)
        kinds = [I64 if argument == "count" else PTR for argument in arguments]
        function = ll.Function(self.module, ll.FunctionType(PTR, [PTR, *kinds]), name)
        owner, *self.arguments = function.args
        self.builder = ll.IRBuilder(function.append_basic_block())
        slot = self.builder.gep(owner, [ll.Constant(I64, PAYLOAD_SLOT)], source_etype=I8)
        self.null = ll.Constant(PTR, None)
        self.payload = self.builder.load(slot, typ=PTR, align=8)
        with self.builder.if_then(self.is_null(self.payload), likely=False):
            self.fail("PyExc_TypeError", "this object was made without calling __init__")

    def is_null(self, pointer: Any) -> Any:
        """Emit: is it?"""
        return self.builder.icmp_unsigned("==", pointer, self.null)

    def call(self, name: str, returns: Any, arguments: Sequence[Any], *, more: bool = False) -> Any:
        """Emit a call of CPython's function `name`; `more`: its number of arguments is open."""
        import llvmlite.ir as ll

        if not more:
            return self._environment.invoke(self.builder, name, returns, arguments)
        type = ll.FunctionType(returns, [arguments[0].type], var_arg=True)
        return self._environment.call(self.builder, name, type, arguments)

    def object_at(self, name: str) -> Any:
        """Emit the address of CPython's object `name`."""
        return self._environment.address(self.builder, name)

    def fail(self, exception: str, text: str) -> None:
        """Emit: raise an exception of this kind."""
        import llvmlite.ir as ll

        from .codes import PTR, text_constant

        kind = self.builder.load(self.object_at(exception), typ=PTR)
        self.call("PyErr_SetString", ll.VoidType(), [kind, text_constant(self.module, text)])
        self.builder.ret(self.null)

    def word(self, position: int, type: Any) -> Any:
        """Emit word number `position` of the payload."""
        import llvmlite.ir as ll

        from .buffers import PAYLOAD_OFFSET
        from .codes import I8, I64

        place = self.builder.gep(self.payload, [ll.Constant(I64, PAYLOAD_OFFSET + 8 * position)], source_etype=I8)
        return self.builder.load(place, typ=type, align=8)

    def call_entry(self, position: int, count: int, arguments: Sequence[Any]) -> Any:
        """Emit a call of the payload's entry `position` of `count`, with arguments, their number, and keywords."""
        import llvmlite.ir as ll

        from .codes import I8, I64, PTR

        rest = self.builder.gep(self.payload, [ll.Constant(I64, 8 * count)], source_etype=I8)
        kind = ll.FunctionType(PTR, [PTR, PTR, I64, PTR])
        entry = self.word(position, PTR)
        return self._environment.call_address(self.builder, entry, kind, [rest, *arguments])

    def address(self) -> int:
        """Compile and load it."""
        from .blob import compile_module

        return load(compile_module(self.module, self._architecture, [self._name])).entries[self._name]


def thread_state() -> int:
    """The number of the calling thread's state, which no later thread of the interpreter has again."""
    get, number_of = _thread_state_functions()
    return int(number_of(get()))


@cache
def _thread_state_functions() -> tuple[Any, Any]:
    get, number_of = ctypes.pythonapi["PyThreadState_Get"], ctypes.pythonapi["PyThreadState_GetID"]
    get.restype, number_of.argtypes, number_of.restype = ctypes.c_void_p, [ctypes.c_void_p], ctypes.c_uint64
    return get, number_of
