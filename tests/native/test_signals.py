"""A routine whose loop never ends can be interrupted: handlers run, and what they raise comes out of the call."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_rseq

ENDLESS = """
    import signal
    import rseq
    from rseq import i64, ptr

    class Turns(rseq.Record):
        done: i64

    class Cell(rseq.Record):
        value: i64

    @rseq.routine
    def run(cpu: Cell, turns: ptr[Turns], limit: i64) -> None:
        while limit == 0 or turns.done < limit:
            turns.done += 1

    turns = rseq.array(Turns, 1)
    run_on = run.bind(rseq.percpu(Cell), turns)
    run_on(turns[0], 3)  # a loop that ends does
    assert turns[0]["done"] == 3

    def handle(number, frame):
        if turns[0]["done"] > 3:  # it came while the loop was running
            signal.signal(number, signal.SIG_IGN)  # another one may be on its way
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    print("ready", flush=True)
    try:
        run_on(turns[0], 0)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    run_on(turns[0], turns[0]["done"] + 5)
    print("and goes on", flush=True)
"""


def test_ctrl_c_ends_a_loop_that_has_no_end(tmp_path: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(textwrap.dedent(ENDLESS))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        has_answered: list[object] = []
        while not has_answered:  # a signal that comes before the loop has begun is ignored by the child's handler
            child.send_signal(signal.SIGINT)
            has_answered, _, _ = select.select([child.stdout], [], [], 0.01)
        assert child.stdout.read() == "interrupted\nand goes on\n"
    assert child.returncode == 0
