"""What several test files need: threads that report their failures, Python in a child process, what the kernel has."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rseq.check import Report

ROOT = Path(__file__).resolve().parent.parent
AT_RSEQ_FEATURE_SIZE = 27


class ThreadSet:
    """Threads of one test. `join` waits for all and raises, here, what any of them raised.

    Without that, a failed assertion in a worker is a line on stderr and the test passes.
    """

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.failures: list[BaseException] = []

    def start(self, function: Callable[..., object], *args: Any) -> threading.Thread:
        """Start `function(*args)` in a thread of its own, which is returned."""
        thread = threading.Thread(target=self._guarded, args=(function, args), daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def run(self, count: int, function: Callable[..., object], *args: Any, timeout_s: float = 60.0) -> None:
        """Run `function(*args)` in `count` threads that begin together, and join them."""
        barrier = threading.Barrier(count)

        def begin_together() -> None:
            barrier.wait(timeout_s)
            function(*args)

        for _ in range(count):
            self.start(begin_together)
        self.join(timeout_s)

    def join(self, timeout_s: float = 60.0) -> None:
        """Wait for all threads; raise the first failure, or TimeoutError if one still runs after `timeout_s`."""
        threads, self.threads = self.threads, []
        for thread in threads:
            thread.join(timeout_s)
        failures, self.failures = self.failures, []
        if failures:
            raise failures[0]
        if any(thread.is_alive() for thread in threads):
            raise TimeoutError(f"expected all threads to end within {timeout_s} s, but one still runs")

    def _guarded(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        except BaseException as failure:  # noqa: BLE001 - raised again by join
            self.failures.append(failure)


@contextmanager
def locked(address: int) -> Iterator[None]:
    """Hold the mutex at `address` (rseq._percpu.mutex) in the body of a `with`, as generated code does."""
    libc, mutex = ctypes.CDLL(None), ctypes.c_void_p(address)
    code = libc.pthread_mutex_lock(mutex)
    if code == errno.EOWNERDEAD:
        code = libc.pthread_mutex_consistent(mutex)
    if code:
        raise OSError(code, os.strerror(code))
    try:
        yield
    finally:
        libc.pthread_mutex_unlock(mutex)


def run_python(
    code: str,
    *args: str,
    env: Mapping[str, str] | None = None,
    returncode: int | None = 0,
    timeout_s: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run `code` (dedented) in a new Python with `args` and with `env` added to the environment.

    Returns the finished process with `.stdout` and `.stderr`. A return code other than `returncode` is an
    AssertionError that shows both; None accepts any (negative: the signal that killed it).
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", "-c", textwrap.dedent(code), *args],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert returncode is None or done.returncode == returncode, (
        f"child ended with {done.returncode}, expected {returncode}\n"
        f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    )
    return done


@contextmanager
def on_one_cpu() -> Iterator[int]:
    """Keep this thread, and what it starts, on one CPU until the end of a `with`; the value is its number."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield max(allowed)
    finally:
        os.sched_setaffinity(0, allowed)


def run_in_child(function: Callable[[], object]) -> None:
    """Call it in a forked child; an AssertionError if it raises there."""
    assert wait_for(fork(function)) == 0, "the forked child failed; its traceback is above"


def fork(function: Callable[[], object]) -> int:
    """The number of a forked child that calls it and ends: with 1 if it raises, and the traceback is printed."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here, not in the parent's tests
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def wait_for(child: int) -> int:
    """How a child has ended: its exit status, below 0 for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kernel_has_rseq() -> bool:
    """Whether this kernel registers restartable sequences: asked of the kernel and of libc, not of the package."""
    if _unsigned_symbol("__rseq_size"):
        return True  # libc has registered this process's threads
    getauxval = ctypes.CDLL(None).getauxval
    getauxval.restype = ctypes.c_ulong
    return bool(getauxval(ctypes.c_ulong(AT_RSEQ_FEATURE_SIZE)))


def _unsigned_symbol(name: str) -> int:
    try:
        return ctypes.c_uint.in_dll(ctypes.CDLL(None), name).value
    except ValueError:
        return 0


def run_of(violation: Any) -> str:
    """The run that a failure names, to be tried again."""
    found = re.search(r'(cpu_id|mm_cid):[^"\s]+', violation.replay)
    assert found is not None
    return found[0]


def require_made(report: Report) -> None:
    """Skip the test if there is no machine code to check: numbers of 64 bits on an architecture of 32."""
    too_wide = re.compile("registers have 32 bits there|no more than 4 are stored in one piece there")
    if not report.checked and report.skipped and all(map(too_wide.search, report.skipped)):
        pytest.skip(report.skipped[0])
