"""Work in forked processes: what they send arrives, and each way to end badly is a sentence."""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import Any

import pytest

from rseq._processes import Send, gather


def heard(*workers: Any, patience_s: float = 30.0) -> tuple[list[tuple[int, Any]], list[str]]:
    found: list[tuple[int, Any]] = []
    problems = gather(workers, lambda number, what: found.append((number, what)), patience_s)
    return sorted(found), problems


def twice(send: Send) -> None:
    send("one")
    send("two")


def dies(send: Send) -> None:
    send("here")
    os.kill(os.getpid(), signal.SIGKILL)


def fails(send: Send) -> None:
    raise ValueError("on purpose")


def hangs(send: Send) -> None:
    threading.Event().wait()


def test_what_processes_send_is_received_in_order_from_each() -> None:
    assert heard(twice, twice) == ([(0, "one"), (0, "two"), (1, "one"), (1, "two")], [])


def test_a_process_that_is_killed_is_named_and_what_it_sent_stays() -> None:
    assert heard(twice, dies) == ([(0, "one"), (0, "two"), (1, "here")], ["process 1 was ended by SIGKILL"])


def test_a_process_that_raises_shows_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    assert heard(fails) == ([], ["process 0 failed; see above"])
    assert "ValueError: on purpose" in capfd.readouterr().err


def test_a_process_that_says_nothing_is_killed() -> None:
    assert heard(hangs, patience_s=0.2) == ([], ["process 0 said nothing for 0.2 seconds and was killed"])


def test_a_worker_ends_with_its_parent_even_if_that_is_killed() -> None:
    """Its end of the pipe is the last one: the pipe ends when it does."""
    reader, writer = os.pipe()

    def tells_and_hangs(send: Send) -> None:
        os.write(writer, b"!")
        threading.Event().wait()

    parent = os.fork()
    if parent == 0:
        gather([tells_and_hangs], lambda number, what: None, 60.0)
        os._exit(1)
    os.close(writer)
    assert os.read(reader, 1) == b"!"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    assert select.select([reader], [], [], 60.0)[0]
    assert os.read(reader, 1) == b""
    os.close(reader)
