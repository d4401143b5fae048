"""A builtin that does nothing, in the calling convention of rseq's own: what a call from Python costs at the least.

It is compiled and loaded as they are, takes its arguments as they do, looks at none and returns None.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

from rseq._arch import host
from rseq._bench.run import Unavailable
from rseq._builtins.bind import METH_FASTCALL_KEYWORDS
from rseq._builtins.payload import Method
from rseq._sealed import forever

__all__ = ["empty_builtin", "holder"]


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

    Holder.add = descriptor(Holder, "add", _function(), "add($self, n=1)\n--\n\n")  # type: ignore[method-assign]
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
    import llvmlite.ir as ll

    from rseq._codegen.blob import BlobEnvironment, compile_module, new_module
    from rseq._loader import load

    architecture = host()
    if architecture is None:
        raise Unavailable("this project makes no code for this architecture.")
    pointer = ll.PointerType()
    module = new_module(architecture, "empty")
    environment = BlobEnvironment(architecture, module, has_rseq=False)
    function = ll.Function(module, ll.FunctionType(pointer, [pointer, pointer, ll.IntType(64), pointer]), "empty")
    build = ll.IRBuilder(function.append_basic_block())
    none = environment.address(build, "_Py_NoneStruct")
    if sys.version_info < (3, 12):  # later, None is not counted
        environment.call(build, "Py_IncRef", ll.FunctionType(ll.VoidType(), [pointer]), [none])
    build.ret(none)
    return load(compile_module(module, architecture, ["empty"])).entries["empty"]
