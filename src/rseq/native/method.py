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
from functools import cache
from typing import Any

from ..arch import host
from ..once import LOCK, once
from .bind import METH_FASTCALL_KEYWORDS, MethodDef
from .load import load

__all__ = ["descriptor", "install"]

PAYLOAD_SLOT = object.__basicsize__
"""Where an object keeps its first slot."""

_installed: set[tuple[type, str]] = set()
_kept: list[MethodDef] = []


def install(owner: type, name: str, position: int, count: int) -> None:
    """Make `owner.name`, a Python function, the native method number `position` of `count`. Once is enough.

    Signature and documentation are the Python function's.
    Threads: any.
    """
    with LOCK:
        if (owner, name) in _installed:
            return
        setattr(owner, name, descriptor(owner, name, _jump(position, count), _text(vars(owner)[name])))
        _installed.add((owner, name))


def descriptor(owner: type, name: str, function: int, text: str) -> Any:
    """A method descriptor for objects of `owner` whose machine code is at `function`. It is never freed."""
    method = MethodDef(name.encode(), function, METH_FASTCALL_KEYWORDS, text.encode())
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
    import llvmlite.ir as ll

    from .blob import BlobEnvironment, compile_module, new_module
    from .buffers import PAYLOAD_OFFSET
    from .codes import I8, I64, PTR

    architecture = host()
    assert architecture is not None, "a method is installed after its code was made"
    module = new_module(architecture, "method")
    environment = BlobEnvironment(architecture, module, has_rseq=False)
    kind = ll.FunctionType(PTR, [PTR, PTR, I64, PTR])
    function = ll.Function(module, kind, "method")
    owner, *arguments = function.args
    builder = ll.IRBuilder(function.append_basic_block())
    slot = builder.gep(owner, [ll.Constant(I64, PAYLOAD_SLOT)], source_etype=I8)
    payload = builder.load(slot, typ=PTR, align=8)
    with builder.if_then(builder.icmp_unsigned("==", payload, ll.Constant(PTR, None)), likely=False):
        text = bytearray(b"this object was made without calling __init__\0")
        message = ll.GlobalVariable(module, ll.ArrayType(I8, len(text)), "message")
        message.initializer, message.global_constant = ll.Constant(message.value_type, text), True
        message.linkage = "internal"
        exception = builder.load(environment.address(builder, "PyExc_TypeError"), typ=PTR)
        raises = ll.FunctionType(ll.VoidType(), [PTR, PTR])
        environment.call(builder, "PyErr_SetString", raises, [exception, message])
        builder.ret(ll.Constant(PTR, None))
    words = builder.gep(payload, [ll.Constant(I64, PAYLOAD_OFFSET + 8 * position)], source_etype=I8)
    entry = builder.load(words, typ=PTR, align=8)
    rest = builder.gep(payload, [ll.Constant(I64, 8 * count)], source_etype=I8)
    builder.ret(environment.call_address(builder, entry, kind, [rest, *arguments]))
    return load(compile_module(module, architecture, ["method"])).entries["method"]
