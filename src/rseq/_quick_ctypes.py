"""`ctypes`, as much of it as this package uses, from the C module behind it: what a first count needs imports fast.

Importing `ctypes` takes as long as a fifth of all that a process does until its first count: it defines some thirty
types, of which we need half, and imports three more modules. So modules import this one instead:

    from rseq import _quick_ctypes as ctypes

Names, types and results are those of `ctypes`, and `dlsym(handle, name)` is C's. Two things are different. The types
are not the same objects, so a function that is declared with one kind gets arguments of that kind, or plain numbers.
And the functions of `pythonapi` are our own: what others declare of those of `ctypes.pythonapi` changes nothing here.
"""

from __future__ import annotations

import sys

from rseq._quick import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _ctypes import dlsym
    from ctypes import (
        CDLL,
        CFUNCTYPE,
        PYFUNCTYPE,
        PyDLL,
        Structure,
        addressof,
        byref,
        c_bool,
        c_char,
        c_char_p,
        c_double,
        c_float,
        c_int,
        c_int8,
        c_int16,
        c_int32,
        c_int64,
        c_long,
        c_size_t,
        c_ssize_t,
        c_ubyte,
        c_uint,
        c_uint8,
        c_uint16,
        c_uint32,
        c_uint64,
        c_ulong,
        c_void_p,
        get_errno,
        memmove,
        memset,
        py_object,
        pythonapi,
        set_errno,
        sizeof,
        string_at,
    )
else:
    from _ctypes import (
        FUNCFLAG_CDECL,
        FUNCFLAG_PYTHONAPI,
        FUNCFLAG_USE_ERRNO,
        CFuncPtr,
        Structure,
        _memmove_addr,
        _memset_addr,
        _SimpleCData,
        addressof,
        byref,
        get_errno,
        set_errno,
        sizeof,
    )

    try:
        from _ctypes import dlopen, dlsym
    except ImportError:
        dlopen = dlsym = None  # another system, where nothing is called

    _LONG_LONG = "lL" if sys.maxsize > 2**32 else "qQ"
    _LETTERS = {
        "c_bool": "?", "c_char": "c", "c_char_p": "z", "c_double": "d", "c_float": "f", "c_int": "i", "c_int16": "h",
        "c_int32": "i", "c_int64": _LONG_LONG[0], "c_int8": "b", "c_long": "l", "c_size_t": "L", "c_ssize_t": "l",
        "c_ubyte": "B", "c_uint": "I", "c_uint16": "H", "c_uint32": "I", "c_uint64": _LONG_LONG[1], "c_uint8": "B",
        "c_ulong": "L", "c_void_p": "P", "py_object": "O",
    }  # fmt: skip
    """C's types, and the letters that the module `struct` has for them. Each is made when it is first asked for."""

    _known = {}

    def __getattr__(name):
        if name not in _LETTERS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        letter = _LETTERS[name]
        if letter not in _known:
            about = {"_type_": letter, "__module__": __name__}
            _known.setdefault(letter, type(_SimpleCData)(name, (_SimpleCData,), about))
        return globals().setdefault(name, _known[letter])

    def CFUNCTYPE(returns, *takes):  # noqa: N802
        """The type of C functions that are called without the GIL."""
        return _function(FUNCFLAG_CDECL, returns, takes)

    def PYFUNCTYPE(returns, *takes):  # noqa: N802
        """The type of C functions that are called with the GIL, and may raise."""
        return _function(FUNCFLAG_CDECL | FUNCFLAG_PYTHONAPI, returns, takes)

    @cache
    def _function(flags, returns, takes=None):
        about = {"_flags_": flags, "_restype_": returns, "__module__": __name__}
        if takes is not None:
            about["_argtypes_"] = takes
        return type(CFuncPtr)("Function", (CFuncPtr,), about)

    class CDLL:
        """A loaded library; with `None`, all that the process has loaded."""

        _flags = FUNCFLAG_CDECL

        def __init__(self, name, use_errno=False):
            self._handle = dlopen(name, 0)
            self._function = _function(self._flags | (FUNCFLAG_USE_ERRNO if use_errno else 0), _here.c_int)

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            function = self[name]
            setattr(self, name, function)
            return function

        def __getitem__(self, name):
            function = self._function((name, self))
            function.__name__ = name
            return function

    class PyDLL(CDLL):
        """The same, called with the GIL; what the functions raise is raised."""

        _flags = FUNCFLAG_CDECL | FUNCFLAG_PYTHONAPI

    _here = sys.modules[__name__]
    pythonapi = PyDLL(None) if dlopen is not None else None
    memmove = CFUNCTYPE(_here.c_void_p, _here.c_void_p, _here.c_void_p, _here.c_size_t)(_memmove_addr)
    memset = CFUNCTYPE(_here.c_void_p, _here.c_void_p, _here.c_int, _here.c_size_t)(_memset_addr)

    def string_at(address, size):
        """`size` bytes of memory."""
        return _copier()(address, size)

    @cache
    def _copier():
        kind = PYFUNCTYPE(_here.py_object, _here.c_void_p, _here.c_ssize_t)
        return kind(("PyBytes_FromStringAndSize", pythonapi))


__all__ = [
    "CDLL",
    "CFUNCTYPE",
    "PYFUNCTYPE",
    "PyDLL",
    "Structure",
    "addressof",
    "byref",
    "c_bool",
    "c_char",
    "c_char_p",
    "c_double",
    "c_float",
    "c_int",
    "c_int8",
    "c_int16",
    "c_int32",
    "c_int64",
    "c_long",
    "c_size_t",
    "c_ssize_t",
    "c_ubyte",
    "c_uint",
    "c_uint8",
    "c_uint16",
    "c_uint32",
    "c_uint64",
    "c_ulong",
    "c_void_p",
    "dlsym",
    "get_errno",
    "memmove",
    "memset",
    "py_object",
    "pythonapi",
    "set_errno",
    "sizeof",
    "string_at",
]
