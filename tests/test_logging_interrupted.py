"""rseq.logging.Listener beside Ctrl-C, signal handlers, forks and the end of the program."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

import logs
import rseq
import rseq.logging
from logs import NEVER, Calls, Fails, Keep, numbers
from support import ThreadSet, run_python

log, ring = logs.log, logs.ring


# ---- Ctrl-C, signal handlers, the end of the program


def test_stop_after_ctrl_c_waits_for_what_is_left(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    stopping, released, main = threading.Event(), threading.Event(), threading.get_ident()

    def interrupt() -> None:
        stopping.wait(60)
        signal.pthread_kill(main, signal.SIGINT)
        released.wait(60)

    keep = Calls(interrupt)
    listener = rseq.logging.Listener(ring, keep, interval=NEVER)
    expected = numbers(log, 5)
    listener.start()
    with pytest.raises(KeyboardInterrupt):
        stopping.set() or listener.stop()
    assert keep.messages() == []
    with pytest.raises(RuntimeError, match="started already"):
        listener.start()
    released.set()
    listener.stop()
    assert keep.messages() == expected
    assert "rseq.logging" not in [thread.name for thread in threading.enumerate()]
    with listener:
        log.info("more")
    assert keep.messages() == [*expected, "more"]


def test_ctrl_c_ends_handle_waiting_and_no_handler(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    released, main = threading.Event(), threading.get_ident()
    keep = Calls(lambda: (signal.pthread_kill(main, signal.SIGINT), released.wait(60)))
    listener = rseq.logging.Listener(ring, keep)
    expected = numbers(log, 5)
    with pytest.raises(KeyboardInterrupt):
        listener.handle_waiting()
    assert keep.messages() == []
    expected += numbers(log, 5)
    released.set()
    listener.handle_waiting()
    assert keep.messages() == expected


def test_where_python_can_start_no_thread_the_caller_handles(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    keep = Keep()
    expected = numbers(log, 3)
    with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
        assert rseq.logging.Listener(ring, keep).handle_waiting() == 3
    assert keep.messages() == expected


def test_what_ends_a_call_that_ctrl_c_has_left_is_told(
    log: logging.Logger, ring: rseq.RingBuffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, told, main = threading.Event(), threading.Event(), threading.get_ident()
    monkeypatch.setattr(threading, "excepthook", lambda _: told.set())

    class Exits(Keep):
        def emit(self, record: logging.LogRecord) -> None:
            signal.pthread_kill(main, signal.SIGINT)
            released.wait(60)
            raise SystemExit(3)

    listener = rseq.logging.Listener(ring, Exits())
    log.info("x")
    with pytest.raises(KeyboardInterrupt):
        listener.handle_waiting()
    released.set()
    assert told.wait(60)


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], object]], None]]:
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda call: signal.signal(signal.SIGUSR1, lambda *_: call()) and None
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("name", ["stop", "handle_waiting"])
def test_a_signal_handler_may_call_it_in_the_middle_of_handling(
    log: logging.Logger, ring: rseq.RingBuffer, on_signal: Callable[[Callable[[], object]], None], name: str
) -> None:
    keep = Calls(lambda: signal.raise_signal(signal.SIGUSR1))
    listener = rseq.logging.Listener(ring, keep, interval=NEVER)
    on_signal(getattr(listener, name))
    listener.start()
    expected = numbers(log, 5)
    listener.handle_waiting()
    listener.stop()
    assert keep.messages() == expected


def test_a_signal_handler_may_stop_it_while_stop_waits(
    log: logging.Logger, ring: rseq.RingBuffer, on_signal: Callable[[Callable[[], object]], None]
) -> None:
    main, stopped = threading.get_ident(), []
    keep = Calls(lambda: signal.pthread_kill(main, signal.SIGUSR1))
    listener = rseq.logging.Listener(ring, keep, interval=NEVER)
    on_signal(lambda: stopped.append(listener.stop()))
    listener.start()
    expected = numbers(log, 5)
    listener.stop()
    assert (stopped, keep.messages()) == ([None], expected)


AT_EXIT = """
    import atexit, io, logging, sys, threading, rseq, rseq.logging
    class Show(logging.StreamHandler):
        def close(self):
            self.stream = None                      # as a file that logging.shutdown has closed
    log = logging.getLogger("shop")
    log.propagate, log.level = False, logging.INFO
    ring = rseq.RingBuffer(1 << 14)
    log.addHandler(rseq.logging.Handler(ring))
    listener = rseq.logging.Listener(ring, Show(sys.stdout), interval=1e9)
    listener.start()
    log.info("the program")
    atexit.register(log.info, "its last words")
    threading.Thread(target=lambda: (threading.main_thread().join(), log.info("a thread"))).start()
    {end}
"""


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise ValueError"])
def test_what_is_logged_before_python_exits_is_handled_without_stop(end: str) -> None:
    done = run_python(AT_EXIT.replace("{end}", end), returncode={"": 0, "sys.exit(3)": 3}.get(end, 1))
    assert done.stdout.split("\n") == ["the program", "a thread", "its last words", ""]


# ---- forks


def in_child(work: Callable[[], int]) -> int:
    """What `work` returns in a forked child."""
    if (child := os.fork()) == 0:
        code = 255
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_process_logs_into_the_same_ring(log: logging.Logger) -> None:
    ring, keep = rseq.RingBuffer(1 << 16, segment=rseq.Segment()), Keep()
    log.handlers[:] = [rseq.logging.Handler(ring)]
    assert in_child(lambda: log.info("from the child") or 0) == 0
    log.info("from the parent")
    rseq.logging.Listener(ring, keep).handle_waiting()
    assert keep.messages() == ["from the child", "from the parent"]
    assert [record.process == os.getpid() for record in keep.records] == [False, True]


def test_a_forked_child_does_not_handle_what_its_parent_will(log: logging.Logger) -> None:
    ring, fails = rseq.RingBuffer(1 << 16, segment=rseq.Segment()), Fails("0")
    log.handlers[:] = [rseq.logging.Handler(ring)]
    listener = rseq.logging.Listener(ring, fails)
    numbers(log, 2)
    with pytest.raises(KeyboardInterrupt):
        listener.handle_waiting()
    assert in_child(listener.handle_waiting) == 0
    listener.handle_waiting()
    assert fails.messages() == ["0", "1"]


def test_a_fork_while_a_handler_is_at_work_leaves_its_turn_to_the_parent(
    log: logging.Logger, ring: rseq.RingBuffer
) -> None:
    at_work, forked = threading.Event(), threading.Event()
    keep = Calls(lambda: (at_work.set(), forked.wait(60)))
    listener = rseq.logging.Listener(ring, keep, interval=0.001)

    def child() -> int:
        listener.stop()  # nothing happens: the thread is the parent's
        log.info("from the child")
        with listener:
            pass
        return int(keep.messages() != ["from the child"])

    expected = numbers(log, 5)
    with listener:
        assert at_work.wait(60)
        expected += numbers(log, 5)  # these are in the ring yet, of which the child has a copy
        code = in_child(child)
        forked.set()
    assert (code, keep.messages()) == (0, expected)


def test_a_child_handles_what_was_logged_before_the_fork_if_nobody_listened(
    log: logging.Logger, ring: rseq.RingBuffer
) -> None:
    keep = Keep()
    listener = rseq.logging.Listener(ring, keep)  # a program that becomes a daemon: its parent ends
    numbers(log, 3)
    assert in_child(listener.handle_waiting) == 3


@pytest.mark.parametrize("by", ["the thread", "the caller"])
def test_a_handler_may_fork(log: logging.Logger, ring: rseq.RingBuffer, threads: ThreadSet, by: str) -> None:
    children, here, keep = [], os.getpid(), Keep()
    after = Keep()

    class Forks(Keep):
        def emit(self, record: logging.LogRecord) -> None:
            super().emit(record)
            if record.getMessage() == "1":
                if not (child := os.fork()):
                    keep.records.clear()
                    after.records.clear()
                children.append(child)

    listener = rseq.logging.Listener(ring, keep, Forks(), after, interval=NEVER)
    expected = numbers(log, 4)
    if by == "the thread":
        listener.start()
        listener.stop()  # in the child, only the listener's thread is there, and ends: the child exits
    else:

        def call() -> None:
            listener.handle_waiting()
            if os.getpid() != here:
                os._exit(7 if not keep.records and not after.records else 8)

        threads.run(1, call)
    assert keep.messages() == after.messages() == expected
    code = os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1])
    assert code == (7 if by == "the caller" else 0)
