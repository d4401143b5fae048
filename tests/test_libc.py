"""libc is loaded in one place; its errors are those of the call that was made."""

from __future__ import annotations

import errno
import mmap
import re
from typing import Any

import pytest

from rseq._integers import round_up, signed
from rseq._libc import errno_name, error_of, libc, libc_with_gil, system_call
from support import ROOT, run_python


def test_libc_is_loaded_in_one_place() -> None:
    loading = {
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "_texts.py" and re.search(r"(?<!pythonapi = )(CDLL|PyDLL)\(None", path.read_text())
    }
    assert loading == {"_libc.py"}


def test_an_error_is_told_by_its_number() -> None:
    assert error_of("mprotect", 1, mmap.PAGESIZE, 0) == errno.EINVAL
    assert system_call(1 << 20) == errno.ENOSYS
    assert (errno_name(errno.EINVAL), errno_name(1 << 20)) == ("EINVAL", str(1 << 20))


def test_a_call_that_works_has_no_error_whatever_failed_before() -> None:
    assert error_of("mprotect", 1, mmap.PAGESIZE, 0) == errno.EINVAL
    assert error_of("madvise", 0, 0, mmap.MADV_NORMAL) == 0


@pytest.mark.parametrize("library", [libc, libc_with_gil])
def test_addresses_are_whole(library: Any) -> None:
    address = library().mmap(None, mmap.PAGESIZE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    assert library().munmap(address, mmap.PAGESIZE) == 0
    assert address == address & -mmap.PAGESIZE > 0


def test_there_is_nothing_to_call_elsewhere() -> None:
    code = """
        import errno, sys
        sys.platform = "win32"
        from rseq._libc import auxv, on_linux, system_call
        print(on_linux(), auxv(33), system_call(0) == errno.ENOSYS)
    """
    assert run_python(code).stdout.split() == ["False", "0", "True"]


# Whole numbers


@pytest.mark.parametrize(("number", "multiple", "rounded"), [(0, 8, 0), (1, 8, 8), (8, 8, 8), (9, 8, 16), (5, 3, 6)])
def test_numbers_are_rounded_up(number: int, multiple: int, rounded: int) -> None:
    assert round_up(number, multiple) == rounded


@pytest.mark.parametrize(
    ("number", "bits", "result"),
    [
        (0, 64, 0),
        (1 << 63, 64, -(1 << 63)),
        ((1 << 64) - 1, 64, -1),
        (-1, 64, -1),
        (1 << 23, 24, -(1 << 23)),
        (5, 4, 5),
    ],
)
def test_numbers_have_the_sign_of_their_highest_bit(number: int, bits: int, result: int) -> None:
    assert signed(number, bits) == result
