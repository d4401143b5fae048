"""Machines that refuse something: no code generator, no Linux, no memory that was written and is then executed."""

from __future__ import annotations

import pytest

from support import run_python

SHOP = """
import rseq
def shop():
    hits, table = rseq.Counter(), rseq.CounterArray((2, 3), rseq.f64, index="mm_cid")
    for number in range(1000):
        hits.add()
        table.add((number & 1, number % 3), 0.5)
    assert hits.value == 1000 and table.values().sum() == 500
"""

FIRST_USES = """
from rseq._language.types import SCALARS
from rseq._structures.cell_code import adder
add = adder(SCALARS["i64"])
uses = [rseq.Counter, rseq.FloatCounter, lambda: rseq.CounterArray(3), lambda: add.bind(rseq.percpu(add.body.record))]
def errors(kind):
    for use in uses:
        try:
            use()
        except kind as error:
            yield str(error)
        else:
            raise AssertionError(use)
"""


@pytest.mark.parametrize("machine", ["pdp11", "", "../x86", "base"])
def test_an_architecture_without_code_generator_is_a_sentence_at_first_use(machine: str) -> None:
    run_python(
        f"""
import os
known = os.uname()
os.uname = lambda: os.uname_result((*known[:4], "{machine}"))
import platform
import rseq
assert not rseq.available() and rseq.cpu_number() >= 0 and not rseq.info().supported
class Cell(rseq.Record):
    value: rseq.i64
assert Cell.size == 8 and rseq.percpu(Cell).per_cpu()["value"].sum() == 0
{FIRST_USES}
name = platform.machine() or "(unknown)"
sentence = (
    f"rseq has no code generator for the architecture {{name}}: "
    "sequences can be written, checked and emitted here, but not run."
)
assert set(errors(rseq.UnsupportedError)) == {{sentence}}
assert issubclass(rseq.UnsupportedError, RuntimeError)
try:
    add.asm()
except ValueError as error:
    assert str(error).startswith("this machine's architecture has no code generator; name one of ")
"""
    )


def test_another_system_is_a_sentence_at_first_use() -> None:
    run_python(
        f"""
import platform, sys
sys.platform, platform.system = "darwin", lambda: "Darwin"
import rseq
assert not rseq.available() and rseq.cpu_number() == 0
{FIRST_USES}
sentence = (
    "Restartable sequences are a system call of Linux and this is Darwin: "
    "sequences can be written, checked and emitted here, but not run."
)
assert set(errors(rseq.UnsupportedError)) == {{sentence}}
"""
    )


def test_everything_works_where_written_memory_cannot_be_executed() -> None:
    """PR_SET_MDWE, as systemd's MemoryDenyWriteExecute."""
    done = run_python(
        f"""
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
    sys.exit("no PR_SET_MDWE")
{SHOP}
shop()
""",
        returncode=None,
    )
    if done.stderr.startswith("no PR_SET_MDWE"):
        pytest.skip("the kernel has no PR_SET_MDWE (Linux 6.3 has)")
    assert done.returncode == 0, done.stderr


def test_no_executable_memory_is_a_sentence_at_first_use() -> None:
    run_python(
        f"""
import errno, os
import rseq
from rseq import _loader as load

def refuse(*arguments):
    raise OSError(errno.EACCES, os.strerror(errno.EACCES))

load._place_by_memfd = load._place_by_mprotect = refuse
{FIRST_USES}
for text in errors(OSError):
    assert "\\n" not in text
    assert text.startswith("expected executable memory, but the system refused to map a memfd for execution (P")
assert not rseq.available()    # its area cannot be found without running a few bytes of code
assert rseq.info().executable_memory
"""
    )


def test_executable_memory_that_comes_back_is_used() -> None:
    """A refusal is not remembered: the next attempt may work."""
    run_python(
        f"""
import errno
{SHOP}
from rseq import _loader as load
real = load._place_by_memfd, load._place_by_mprotect

def refuse(*arguments):
    raise OSError(errno.ENOMEM, "no")

load._place_by_memfd = load._place_by_mprotect = refuse
try:
    rseq.Counter()
except OSError:
    pass
else:
    raise AssertionError
load._place_by_memfd, load._place_by_mprotect = real
shop()
"""
    )
