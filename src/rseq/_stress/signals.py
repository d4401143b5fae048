"""Signals whose handlers are machine code, without Python in between."""

from __future__ import annotations

import ctypes
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rseq._libc import error_of, libc

_MILLISECOND_NS = 1_000_000
_SIGEV_SIGNAL = 0  # asm-generic/siginfo.h


class _Event(ctypes.Structure):
    """Struct sigevent: what a timer does."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Interval(ctypes.Structure):
    """Struct itimerspec: a period, and the time until the first signal."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns"))


@contextmanager
def handling(number: signal.Signals, handler: int) -> Iterator[None]:
    """The function at address `handler` handles the signal. Afterwards it is ignored, even one still on its way."""
    libc().signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def at_a_kilohertz(handler: int) -> Iterator[None]:
    """A thousand signals a second for this process, which the calling thread leaves to the others.

    The kernel gives them to a thread that is running (since 6.4, to the one that the timer interrupts), which an
    interval timer, setitimer(), would not do: most would find a thread that is waiting for a CPU.
    """
    keep_out()
    with handling(signal.SIGALRM, handler), _timer(signal.SIGALRM):
        yield


def let_in() -> None:
    """The calling thread takes part in the signals: it has inherited that they are left to others."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])


def keep_out() -> None:
    """The calling thread leaves the signals to others."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])


@contextmanager
def _timer(number: signal.Signals) -> Iterator[None]:
    timer, event = ctypes.c_void_p(), _Event(signal=number, notify=_SIGEV_SIGNAL)
    _call("timer_create", time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer))
    try:
        interval = _Interval(every_ns=_MILLISECOND_NS, first_ns=_MILLISECOND_NS)
        _call("timer_settime", timer, 0, ctypes.byref(interval), None)
        yield
    finally:
        _call("timer_delete", timer)


def _call(name: str, *arguments: object) -> None:
    error = error_of(name, *arguments)
    if error:
        raise OSError(error, f"{name}() failed: the stress needs a timer that sends signals")
