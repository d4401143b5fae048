"""What the native loops call lies where they look for it."""

from __future__ import annotations

import ctypes
import os

import pytest

from rseq._bench.native import loop
from rseq._bench.run import Unavailable


def test_getcpu_of_the_vdso_answers_with_the_cpu_that_this_thread_is_pinned_to() -> None:
    try:
        address = loop.vdso_getcpu()
    except Unavailable as reason:
        pytest.skip(str(reason))
    before = os.sched_getaffinity(0)
    cpu = max(before)
    answer = ctypes.c_uint(12345)
    try:
        os.sched_setaffinity(0, {cpu})
        getcpu = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)(address)
        assert getcpu(ctypes.addressof(answer), None, None) == 0
    finally:
        os.sched_setaffinity(0, before)
    assert answer.value == cpu


@pytest.mark.parametrize(("vdso", "name"), [("linux-vdso.so.1", ""), ("no-such-vdso.so", "__vdso_getcpu")])
def test_a_kernel_without_it_is_told(monkeypatch: pytest.MonkeyPatch, vdso: str, name: str) -> None:
    architecture = type("Other", (), {"vdso": vdso, "vdso_getcpu": name})
    monkeypatch.setattr(loop, "architecture", lambda: architecture)
    with pytest.raises(Unavailable, match=r"^this kernel's vDSO has no getcpu\.$"):
        loop.vdso_getcpu.__wrapped__()


def test_a_function_that_libc_has_not_is_told() -> None:
    with pytest.raises(Unavailable, match=r"^this system's libc has no no_such_function\(\)\.$"):
        loop.function("no_such_function")
