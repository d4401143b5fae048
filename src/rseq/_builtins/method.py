"""Hot methods of structures: method descriptors that jump to the machine code made for the very object.

A structure's objects carry a payload, as a builtin's `self` does, in a slot that no name leads to:

    number of the kind | dict | entry of method 0, entry of method 1, … | base, stride, lanes, lock, …
                context.py's     machine code for this object's storage    what that code reads (builtin.py)

The descriptor's function is the same for all objects of a kind: it loads the payload, sees that the object is of that
kind, whatever its class says by now, and jumps to the entry with the payload's last part in place of `self`. So
`counter.add(1)` is an ordinary method call, which every version of CPython has made fast, where a builtin stored in an
attribute is not (3.11 takes twice as long to find it).

Machine code is made when the first object is. Until then the method is a Python function (`Declared`), which hands
over to machine code whenever it is called. So whoever has kept it, such as a test that replaced it by a mock and puts
it back, has a method that works.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from rseq._arch import host
from rseq._builtins.bind import METH_FASTCALL_KEYWORDS
from rseq._builtins.payload import WORDS_AT, Method
from rseq._loader import load
from rseq._once import once
from rseq._sealed import forever

__all__ = ["DICT_AT", "Context", "Declared", "Kind", "MethodWriter", "descriptor", "jump", "thread_state"]

NUMBER_AT, DICT_AT = 0, 1
"""Words of a payload."""

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


class Kind(NamedTuple):
    """What the package has declared of a structure."""

    number: int
    """What its objects' payloads begin with."""
    owner: type
    name: str
    hot: tuple[str, ...]
    """The methods that are machine code."""
    context: Context | None

    def entry(self, name: str) -> int:
        """Which word of a payload is the entry of a hot method."""
        return 2 + self.hot.index(name)

    @property
    def storage(self) -> int:
        """Which word of a payload is the first of the storage's."""
        return 2 + len(self.hot)


class Declared:
    """The method `owner.name` before there is machine code for it, and from then on."""

    def __init__(self, owner: type, name: str, make: Callable[[], tuple[int, int]], is_ready: Callable[[Any], bool]):
        """`make()` tells a function's address and its flags (methodobject.h), `is_ready(thing)` if it has a payload."""
        self._owner, self.name, self._make = owner, name, make
        self._declaration: Callable[..., Any] = vars(owner)[name]
        self._native: Any = None
        self._function = self._deferring(is_ready)
        setattr(owner, name, self._function)

    def install(self) -> Any:
        """The native method, made by now. It is what the class has, unless somebody has put another thing there."""
        native = self._native = self._native or self._made()
        if vars(self._owner).get(self.name) is self._function:
            setattr(self._owner, self.name, native)
        return native

    def is_behind(self, found: object) -> bool:
        """Whether it is what `found`, an attribute of the class, is."""
        return found is self._function or found is self._native

    def _deferring(self, is_ready: Callable[[Any], bool]) -> Callable[..., Any]:
        @functools.wraps(self._declaration)
        def method(thing: Any, /, *arguments: Any, **keywords: Any) -> Any:
            if not issubclass(type(thing), self._owner):
                raise TypeError(
                    f"descriptor {self.name!r} for {self._owner.__name__!r} objects doesn't apply to a "
                    f"{type(thing).__name__!r} object"
                )
            if not is_ready(thing):
                return self._declaration(thing, *arguments, **keywords)  # which says so
            return self.install()(thing, *arguments, **keywords)

        return method

    @once
    def _made(self) -> Any:
        address, flags = self._make()
        return descriptor(self._owner, self.name, address, _text(self._declaration), flags)


def descriptor(owner: type, name: str, function: int, text: str, flags: int = METH_FASTCALL_KEYWORDS) -> Any:
    """A method descriptor for objects of `owner` whose machine code is at `function`. It is never freed."""
    method = forever(Method(name.encode(), function, flags, text.encode()))
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


def jump(kind: Kind, name: str) -> tuple[int, int]:
    """The function that jumps to the entry of the hot method `name`, and how it is called."""
    writer = MethodWriter("method", ("arguments", "count", "keywords"), kind)
    writer.builder.ret(writer.call_entry(name, writer.arguments))
    return writer.address(), METH_FASTCALL_KEYWORDS


class MethodWriter:
    """Writes a function that a method descriptor calls: `PyObject *name(owner, arguments …)`.

    It begins by loading the owner's payload, and raises TypeError if there is none, or one of another kind. `builder`
    is where it goes on.
    """

    def __init__(self, name: str, arguments: Sequence[Literal["arguments", "count", "keywords"]], kind: Kind) -> None:
        import llvmlite.ir as ll

        from rseq._codegen.blob import BlobEnvironment, new_module
        from rseq._codegen.codes import I8, I64, PTR

        architecture = host()
        assert architecture is not None, "a method is installed after its code was made"
        self._architecture, self._name, self.kind = architecture, name, kind
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
        is_other = self.builder.icmp_unsigned("!=", self.word(NUMBER_AT, I64), ll.Constant(I64, kind.number))
        with self.builder.if_then(is_other, likely=False):
            text = f"this object was not made as a {kind.name}, though its class is one by now: use its own methods"
            self.fail("PyExc_TypeError", text)

    def is_null(self, pointer: Any) -> Any:
        """Emit: is it?"""
        return self.builder.icmp_unsigned("==", pointer, self.null)

    def call(self, name: str, returns: Any, arguments: Sequence[Any], *, more: bool = False) -> Any:
        """Emit a call of CPython's function `name`; `more`: its number of arguments is open."""
        from rseq._codegen.writer import Writer

        return Writer(self.builder, self._environment).call(name, returns, *arguments, fixed=1 if more else None)

    def object_at(self, name: str) -> Any:
        """Emit the address of CPython's object `name`."""
        return self._environment.address(self.builder, name)

    def fail(self, exception: str, text: str) -> None:
        """Emit: raise an exception of this kind."""
        import llvmlite.ir as ll

        from rseq._codegen.codes import PTR
        from rseq._codegen.writer import Writer

        kind = self.builder.load(self.object_at(exception), typ=PTR)
        self.call("PyErr_SetString", ll.VoidType(), [kind, Writer(self.builder, self._environment).text(text)])
        self.builder.ret(self.null)

    def word(self, position: int, type: Any) -> Any:
        """Emit word number `position` of the payload."""
        import llvmlite.ir as ll

        from rseq._codegen.codes import I8, I64

        place = self.builder.gep(self.payload, [ll.Constant(I64, WORDS_AT + 8 * position)], source_etype=I8)
        return self.builder.load(place, typ=type, align=8)

    def call_entry(self, name: str, arguments: Sequence[Any]) -> Any:
        """Emit a call of the hot method `name`, with arguments, their number, and keywords."""
        import llvmlite.ir as ll

        from rseq._codegen.writer import I8, I64, PTR, Writer

        rest = self.builder.gep(self.payload, [ll.Constant(I64, 8 * self.kind.storage)], source_etype=I8)
        entry = self.word(self.kind.entry(name), PTR)
        return Writer(self.builder, self._environment).call_at(entry, PTR, rest, *arguments)

    def address(self) -> int:
        """Compile and load it."""
        from rseq._codegen.blob import compile_module

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
