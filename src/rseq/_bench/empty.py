"""A builtin that does nothing, in the calling convention of rseq's own: what a call from Python costs at the least.

It is compiled and loaded as they are, takes its arguments as they do, looks at none and returns None.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

from rseq._arch import host
from rseq._bench.run import Unavailable
from rseq._builtins.bind import METH_FASTCALL_KEYWORDS
from rseq._builtins.payload import Method
from rseq._sealed import forever


class Holder:
    """An object with a method that does nothing, like `counter.add`: machine code that is found in the class."""

    __slots__ = ()

    def add(self, n: int = 1) -> None:
        """Do nothing; the first `holder()` puts machine code in its place."""


@cache
def holder() -> Holder:
    """An object whose `add` is an empty native method.

    Raises: Unavailable - no code can be made for this machine.
    """
    from rseq._builtins.method import descriptor

    text = "add($self, n=1)\n--\n\n"
    Holder.add = descriptor(Holder, "add", _function(), text, METH_FASTCALL_KEYWORDS)  # type: ignore[method-assign]
    return Holder()


@cache
def empty_builtin() -> Callable[..., None]:
    """The builtin; its code and its method definition are never freed.

    Raises: Unavailable - no code can be made for this machine.
    """
    method = forever(Method(b"empty", _function(), METH_FASTCALL_KEYWORDS, None))
    new = ctypes.pythonapi["PyCFunction_NewEx"]
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    made: Callable[..., None] = new(ctypes.addressof(method), None, None)
    return made


def _function() -> int:
    """The address of `PyObject *f(self, arguments, count, names)` that returns None."""
    from rseq._codegen import python
    from rseq._codegen.blob import BlobEnvironment
    from rseq._codegen.writer import I64, PTR

    architecture = host()
    if architecture is None:
        raise Unavailable("this project makes no code for this architecture.")
    code = BlobEnvironment.new("empty", architecture)
    emit = code.function("empty", PTR, [PTR, PTR, I64, PTR])
    emit.ret(python.none(emit))
    return code.loaded(["empty"]).entries["empty"]
