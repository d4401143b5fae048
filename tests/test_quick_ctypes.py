"""The quick `ctypes` is `ctypes`, as far as it goes, and nothing but it is imported where a first count passes."""

from __future__ import annotations

import ctypes
import errno
import re
from pathlib import Path
from typing import Any

import pytest

from rseq import _quick_ctypes as quick
from support import run_python

SOURCE = Path(__file__).parents[1] / "src" / "rseq"
TYPES = [name for name in quick.__all__ if name.startswith("c_")]


@pytest.mark.parametrize("name", TYPES)
def test_types_are_those_of_ctypes(name: str) -> None:
    ours: Any = getattr(quick, name)
    theirs: Any = getattr(ctypes, name)
    assert ours._type_ == theirs._type_
    assert quick.sizeof(ours) == ctypes.sizeof(theirs)
    assert getattr(quick, name) is ours


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'c_longdouble'"):
        quick.c_longdouble  # type: ignore[attr-defined]  # noqa: B018
    assert all(hasattr(quick, name) for name in quick.__all__)


def test_functions_take_and_return_what_is_declared() -> None:
    libc: Any = quick.CDLL(None, use_errno=True)
    libc.strtol.restype, libc.strtol.argtypes = quick.c_long, (quick.c_char_p, quick.c_void_p, quick.c_int)
    assert libc.strtol(b"-7f", None, 16) == -0x7F
    assert libc.strtol is libc.strtol
    with pytest.raises(ctypes.ArgumentError):
        libc.strtol("-7f", None, 16.0)
    quick.set_errno(0)
    assert libc.close(-1) == -1
    assert quick.get_errno() == errno.EBADF
    with pytest.raises(AttributeError, match="no_such_function"):
        libc.no_such_function  # noqa: B018


def test_what_python_functions_raise_is_raised() -> None:
    api: Any = quick.PyDLL(None)
    api.PyObject_Length.argtypes = (quick.py_object,)
    with pytest.raises(TypeError, match="has no len"):
        api.PyObject_Length(3)
    assert quick.dlsym(api._handle, "PyObject_Length") != 0
    with pytest.raises(OSError, match="no_such_symbol"):
        quick.dlsym(api._handle, "no_such_symbol")


def test_memory_is_copied_set_and_read() -> None:
    source, target = (quick.c_uint8 * 8)(*range(8)), (quick.c_uint8 * 8)()
    quick.memmove(quick.addressof(target), source, 4)
    quick.memset(quick.addressof(target) + 6, 9, 2)
    assert quick.string_at(quick.addressof(target), 8) == bytes((0, 1, 2, 3, 0, 0, 9, 9))


def test_callbacks_are_called_and_types_of_functions_are_made_once() -> None:
    kind: Any = quick.CFUNCTYPE(quick.c_int, quick.c_int)
    assert kind is quick.CFUNCTYPE(quick.c_int, quick.c_int)
    assert kind is not quick.PYFUNCTYPE(quick.c_int, quick.c_int)
    assert kind(lambda number: number + 1)(41) == 42


def test_what_others_declare_of_pythonapi_changes_nothing() -> None:
    code = """
        import ctypes
        for name in ("Py_IncRef", "PyObject_GC_UnTrack", "PyType_GenericAlloc", "PyDescr_NewMethod"):
            getattr(ctypes.pythonapi, name).argtypes = [ctypes.c_double]
        import rseq
        counter = rseq.Counter()
        counter.add(3)
        print(counter.value)
    """
    assert run_python(code).stdout == "3\n"


def test_modules_of_the_package_import_the_quick_one() -> None:
    """Those of `rseq bench` and `rseq stress` do not have to be quick."""
    importing = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if re.search(r"^ *(import ctypes|from ctypes)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"_quick_ctypes.py", "_bench", "_stress"}
