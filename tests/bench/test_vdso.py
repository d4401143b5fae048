"""Functions of the vDSO are found by name, in the running process."""

from __future__ import annotations

import ctypes
import os

import pytest

from rseq._arch import host
from rseq._bench.vdso import lookup


def test_an_unknown_function_is_not_found() -> None:
    assert lookup("no such function") is None


def test_getcpu_of_the_vdso_answers_with_the_cpu_that_this_thread_is_pinned_to() -> None:
    architecture = host()
    address = lookup(architecture.vdso_getcpu) if architecture else None
    if address is None:
        pytest.skip("this kernel's vDSO has no getcpu")
    before = os.sched_getaffinity(0)
    cpu = max(before)
    answer = ctypes.c_uint(12345)
    try:
        os.sched_setaffinity(0, {cpu})
        assert (
            ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)(address)(ctypes.addressof(answer), None, None) == 0
        )
    finally:
        os.sched_setaffinity(0, before)
    assert answer.value == cpu
