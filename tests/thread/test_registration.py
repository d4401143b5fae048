"""The calling thread is registered by libc, its area is the kernel's, and nothing is taken for one that is none."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from dataclasses import replace

import pytest

from rseq import _abi as abi
from rseq import _arch as arch
from rseq._thread import registration, report
from support import ThreadSet, run_python

INSTEAD = "sequences run on the spare lane under a lock, exact but slower"


@pytest.mark.needs_rseq
def test_threads_are_registered_by_libc(threads: ThreadSet) -> None:
    found: list[report.Info] = []
    threads.run(2, lambda: found.append(report.info()))
    for info in [report.info(), *found]:
        assert (info.registered, info.registered_by, info.kernel_has_rseq) == (True, "libc", True)
        assert "cpu_id" in info.fields
        assert info.usable_size >= abi.FEATURE_SIZE_FIRST


@pytest.mark.needs_rseq
def test_each_thread_has_an_area_of_its_own(threads: ThreadSet) -> None:
    areas: set[int | None] = set()
    threads.run(3, lambda: areas.add(registration.calling_thread().area))
    assert len(areas | {registration.calling_thread().area}) == 4


@pytest.mark.needs_rseq
def test_a_forked_child_is_registered() -> None:
    assert registration.available()
    child = os.fork()
    if child == 0:
        os._exit(0 if registration.available() and report.info().registered_by == "libc" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.needs_rseq
def test_the_area_is_the_one_that_the_kernel_keeps() -> None:
    """The kernel says where a thread's area is to whoever traces that thread."""
    host, child = arch.host(), os.fork()
    assert host is not None
    if child == 0:
        ctypes.CDLL(None).ptrace(0, 0, None, None)  # PTRACE_TRACEME
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        address, length, signature = registration_of(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert address == registration.calling_thread().area
    assert length >= max(abi.AREA_SIZE, report.info().usable_size)
    assert signature == host.signature


def registration_of(process: int) -> tuple[int, int, int]:
    """Address, length and signature that the kernel knows of a process that is traced."""
    answer = ctypes.create_string_buffer(24)
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    result = ptrace(abi.PTRACE_GET_RSEQ_CONFIGURATION, process, 24, ctypes.addressof(answer))
    assert result == 24, os.strerror(ctypes.get_errno())
    address, length, signature, _flags, _pad = struct.unpack("=QIIII", answer)
    return address, length, signature


@pytest.mark.needs_rseq
def test_a_registration_that_is_taken_back_is_noticed_at_once() -> None:
    done = run_python(
        """
        from rseq import _abi as abi, _arch as arch, _libc as libc
        from rseq._thread import current, registration, report
        host, area = arch.host(), registration.calling_thread().area
        length = max(abi.AREA_SIZE, registration.rseq_size())
        assert registration.available()
        assert libc.system_call(host.syscall, area, length, abi.RSEQ_FLAG_UNREGISTER, host.signature) == 0
        assert not registration.available() and current.cpu_number() >= 0
        print(report.info().registered_by, report.info().missing[0].sentence)
        """
    )
    assert done.stdout == (
        "nobody libc registers threads, but not this one: "
        f"it was not started by libc, or its registration was taken back: {INSTEAD}.\n"
    )


@pytest.mark.parametrize(
    ("libc_size", "feature_size", "usable"),
    [
        (None, 33, 0),  # no symbol
        (0, 28, 0),  # registration failed, or is turned off
        (20, 0, 20),  # before Linux 6.3
        (32, 0, 20),
        (20, 28, 28),  # glibc 2.40 and before: either number only says that 32 bytes are there
        (32, 28, 28),
        (20, 33, 32),  # Linux 7 beside such a glibc: what lies beyond 32 bytes is not there
        (32, 33, 32),
        (28, 28, 28),  # glibc 2.41 and later: its own answer
        (33, 33, 33),
        (24, 28, 24),
    ],
)
def test_usable_size_follows_the_rule_of_librseq(libc_size: int | None, feature_size: int, usable: int) -> None:
    assert registration.usable_size(libc_size, feature_size) == usable


def test_a_glibc_without_a_signature_for_this_architecture_has_no_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "symbol", lambda name, kind: 0)
    assert registration.rseq_offset() is None


def test_a_libc_without_the_symbols_has_no_area(monkeypatch: pytest.MonkeyPatch, forget: None) -> None:
    monkeypatch.setattr(registration, "symbol", lambda name, kind: None)
    info = report.info()
    assert registration.rseq_offset() is None
    assert not registration.available()
    sentence = f"This libc ({info.libc}) does not register threads for rseq, glibc 2.35 and later do: {INSTEAD}."
    # On a machine whose libc registers them after all, the kernel says that somebody did.
    assert dict(replace(info, registered_by="nobody").missing) == {"registration": sentence}


def test_importing_loads_no_code() -> None:
    run_python(
        """
        import rseq
        import sys
        assert "rseq._thread.registration" not in sys.modules
        """
    )
