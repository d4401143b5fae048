"""What a fork waits for, and what begins anew in the child: all that rseq has to do with `os.fork` is in this file.

A fork takes no lock. Locks that hooks take close circles: the forking thread waits for one, and holds another one, its
own or that of another library's hook, which the first one's holder waits for. So there is no order of locks to keep:

    before     wait while another thread is inside of LLVM, or imports something for us: a child could not go on with
               that. Not for longer than PATIENCE_S: that thread may be waiting for the one that forks.
    parent     nothing
    child      each thing that was told of here is put right, memory first. What such a thread had not finished
               is begun anew.

Where there is no `os.fork`, all of this is idle.
"""

from __future__ import annotations

import _frozen_importlib as importing
import os
import sys
import time

from rseq import _quick_ctypes as ctypes
from rseq._quick import get_ident, partial, ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class _StartsAnew(Protocol):
        def _start_anew(self) -> None:
            """Called in a forked child, in its only thread. It may be called once more after an exception."""


PATIENCE_S = 5.0
"""How long anybody waits for what another thread is making. It may be waiting for the one that waits here."""

TOOLS, MEMORY, THREADS, STRUCTURES = range(4)
"""The order in which a child is put right: what makes things, the locks of memory, thread numbers, what uses those."""

_PAUSE_S = 1e-3
_OURS = f"{__name__.partition('.')[0]}."
_SIGINT = 2  # of all systems; the module `signal` imports `enum`


_before: list[Callable[[], object]] = []
_obstacles: list[Callable[[], bool]] = []
_in_child: list[list[Callable[[], object]]] = [[] for _ in range(STRUCTURES + 1)]
_known: dict[int, ref[_StartsAnew]] = {}  # by id: things may be equal to others, or have no hash
_working: dict[int, int] = {}
_missed_signal = ctypes.c_int()


def before_forks(step: Callable[[], object]) -> None:
    """Have `step()` called in the thread that forks. It takes no lock, and an exception may come before it is done."""
    _before.append(step)


def in_each_child(step: Callable[[], object], rank: int) -> None:
    """Have `step()` called in each forked child, before those of higher rank.

    It takes no lock, and is right when it is called once more, which is what happens if an exception interrupts it.
    """
    _in_child[rank].append(step)


def start_anew_after_forks(thing: _StartsAnew) -> None:
    """Have `thing._start_anew()` called in each child that is forked as long as `thing` lives."""
    key = id(thing)
    _known[key] = ref(thing, partial(_known.pop, key))  # in C: no handler's exception is lost in it


def last_in_each_child(step: Callable[[], object]) -> None:
    """Have `step()` called in each forked child behind all hooks that there are now.

    Those of `threading`, if it is imported, have then run: threads may be started. In the child nothing of this package
    is left to be put right.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=step)


class Working:
    """`with Working():` the body makes something for which it may import and compile."""

    __slots__ = ()

    def __enter__(self) -> None:
        me = get_ident()
        _working[me] = _working.get(me, 0) + 1

    def __exit__(self, *exception: object) -> None:
        me = get_ident()
        depth = _working.get(me, 0) - 1
        if depth > 0:
            _working[me] = depth
        else:
            _working.pop(me, None)


def wait_while(is_busy: Callable[[], bool]) -> None:
    """Have forks wait while `is_busy()`, within their patience. It takes no lock for long."""
    _obstacles.append(is_busy)


def _others_import() -> bool:
    """Whether a thread other than the calling one imports something for us. Its own work goes on in the child."""
    others = _others()
    return bool(others) and any(owner in others for _, owner in _importing())


def _others() -> set[int]:
    """The other threads that make something for which they may import, or import a module of ours."""
    ours = {owner for name, owner in _importing() if owner is not None and name.startswith(_OURS)}
    return {thread for thread in (*list(_working), *ours) if thread != get_ident()}


def _importing() -> list[tuple[str, int | None]]:
    """Modules, and which thread imports them. Python knows by locks of its own (importlib._bootstrap)."""
    locks = getattr(importing, "_module_locks", {})
    return [(name, getattr(known(), "owner", None)) for name, known in list(locks.items())]


def _wait() -> None:
    end = time.monotonic() + PATIENCE_S
    while any(is_busy() for is_busy in _obstacles) and time.monotonic() < end:
        time.sleep(_PAUSE_S)


wait_while(_others_import)


def _before_fork() -> None:
    _missed_signal.value = 0
    _all_done([*_before, _wait])


def _after_fork_in_child() -> None:
    _missed_signal.value = 0  # that was for the parent
    steps: list[Callable[[], object]] = [_forget_others, *(step for steps in _in_child for step in steps)]
    steps += [found._start_anew for known in list(_known.values()) if (found := known()) is not None]
    _all_done(steps)


def _forget_others() -> None:
    others = _others()
    if others:
        _forget_half_imported(get_ident())
    for thread in others:
        _working.pop(thread, None)


def _forget_half_imported(me: int) -> None:
    """Let what other threads were importing be imported anew: Python would wait for them for ever.

    What they had finished stays.
    """
    for name, owner in _importing():
        if owner not in (None, me):
            importing._module_locks.pop(name, None)  # type: ignore[attr-defined]
            if getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False):
                sys.modules.pop(name, None)


def _all_done(steps: list[Callable[[], object]]) -> None:
    """Call them all, whatever a signal handler raises in the middle: a hook's exceptions end nothing but the hook.

    Ctrl-C ends the step, if that has been begun twice, and comes again after the fork. Python reports other exceptions.
    """
    left, tries, raised = steps[::-1], 0, None
    while left:
        try:
            while left:
                left[-1]()
                left.pop()
                tries = 0
        except BaseException as error:  # noqa: BLE001 - raised below, or again by the signal
            if isinstance(error, KeyboardInterrupt):
                _missed_signal.value = _SIGINT
            else:
                raised = error
            tries += 1
            if tries == 2 or left[-1] is _wait:
                left.pop()
                tries = 0
    if raised is not None:
        raise raised


if hasattr(os, "register_at_fork"):
    # In C, so that no handler runs in it: have Ctrl-C handled after the fork, if it came in a hook. Number 0 is none.
    _tell = partial(ctypes.pythonapi.PyErr_SetInterruptEx, _missed_signal)
    os.register_at_fork(before=_before_fork, after_in_parent=_tell, after_in_child=_after_fork_in_child)
    os.register_at_fork(after_in_child=_tell)
