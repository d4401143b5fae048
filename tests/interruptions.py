"""Signal handlers at each point at which CPython runs them, without signals and without luck.

CPython looks for signals where a function begins, where a loop goes back, and after a call of something that is not
Python code; nowhere else. At each of these points, in the package's own functions, a test has its way once.
"""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import rseq

_LOOKS = {"RESUME", "JUMP_BACKWARD", "CALL", "CALL_FUNCTION_EX", "CALL_KW"}
_PACKAGE = os.path.dirname(rseq.__file__)  # src/rseq, or where the tests' copy is installed


class InterruptError(BaseException):
    """What a signal handler raises."""


@contextmanager
def interrupted(turn: int, handler: Callable[[], object]) -> Iterator[list[str]]:
    """Call `handler` at point number `turn` (from 0) of the body of a `with`; the value names it, if it was reached.

    What it raises is raised there.
    """
    where: list[str] = []
    points = 0
    last: dict[int, str] = {}  # by the frame's id: a frame that is kept keeps its variables

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal points
        if not frame.f_code.co_filename.startswith(_PACKAGE) or frame.f_code.co_name == "__del__":
            return None  # of a finalizer that happens to run; Python reports what is raised there
        if event == "call":
            frame.f_trace_opcodes = True
        elif event == "return":
            last.pop(id(frame), None)
            if id(frame.f_back) in last:
                last[id(frame.f_back)] = ""  # Python code has returned: nobody looks
        elif event == "exception":
            last[id(frame)] = ""  # what was called has raised: nobody looks before the exception is handled
        elif event == "opcode":
            before, last[id(frame)] = last.get(id(frame), ""), dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if before in _LOOKS:
                points += 1
                if points == turn + 1:
                    sys.settrace(None)
                    where.append(f"{frame.f_code.co_qualname}, line {frame.f_lineno}")
                    handler()
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        yield where
    finally:
        sys.settrace(previous)


def interrupt() -> None:
    """A handler that raises."""
    raise InterruptError
