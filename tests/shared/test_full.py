"""A file system that is full: a MemoryError where something is made, and no SIGBUS, then or later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rseq._percpu import segment
from support import ROOT

UNSHARE = ("unshare", "--mount", "sh", "-c")

FILL = """
import os, sys, threading
import rseq
from rseq._percpu import segment
if {old}:
    segment._MADV_POPULATE_WRITE = 9999  # as on a kernel before Linux 5.14

def no_room_left():
    with open(os.path.join(os.environ["RSEQ_SEGMENT_DIR"], "filler"), "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass

made, refused = [], 0
def make(kind, *args, **more):
    global refused
    try:
        made.append(kind(*args, segment=shop, name=str(len(made)), **more))
    except MemoryError as error:
        refused += 1
        assert str(error), "a reason"
        return False
    return True
"""

SMALL = (
    FILL
    + """
try:
    shop = rseq.Segment("shop", keep=True)
except MemoryError as error:
    print("no segment:", error)
    sys.exit()
for kind, args in ((rseq.Counter, ()), (rseq.RingBuffer, (256,)), (rseq.Stack, (5,)), (rseq.SpinLock, ())):
    while make(kind, *args) and len(made) < 300:
        pass
no_room_left()
for kind, args in ((rseq.Counter, ()), (rseq.Pool, (1 << 16, 3)), (rseq.CounterArray, (9999,)), (rseq.Stack, (99999,))):
    make(kind, *args)
for thing in made:
    if isinstance(thing, rseq.Counter):
        for _ in range(3):
            thing.add(1)
        assert thing.value == 3
    elif isinstance(thing, rseq.Stack):
        assert thing.push(1) and thing.pop() == 1
    elif isinstance(thing, rseq.RingBuffer):
        while thing.write(b"x" * 20):
            pass
        assert thing.drain()
list(shop), len(shop), shop.processes(), rseq.segments(), "no such name" in shop
print("made", len(made), "refused", refused)
"""
)

SLOTS = (
    FILL
    + """
shop = rseq.Segment("shop")
lock, pool = rseq.SpinLock(segment=shop, name="lock"), rseq.Pool(100, 50, segment=shop, name="pool")
no_room_left()
refused, held = [], []
barrier = threading.Barrier(101)

def work():
    try:
        with lock:
            pass
    except (MemoryError, RuntimeError) as error:
        refused.append(str(error))
    held.append(pool.acquire())
    barrier.wait()

threads = [threading.Thread(target=work) for _ in range(100)]
for thread in threads: thread.start()
barrier.wait()
for thread in threads: thread.join()
try:
    pool.recover(3_999_999)
except ValueError:
    pass
assert len(held) == 100 and 60 < len(refused) < 100, len(refused)
print("refused", len(refused), refused[0])
"""
)


def on_tmpfs(options: str, code: str, tmp_path: Path, *, old: bool = False) -> str:
    """What a program prints that has a file system of its own for segments."""
    script = tmp_path / "program.py"
    script.write_text(code.replace("{old}", str(old)))
    command = f"mount -t tmpfs -o {options} none {tmp_path}/shm && RSEQ_SEGMENT_DIR={tmp_path}/shm exec $0 -W error $1"
    (tmp_path / "shm").mkdir(exist_ok=True)
    if subprocess.run([*UNSHARE, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a file system")
    done = subprocess.run(
        [*UNSHARE, command, sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, f"ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("kib", [64, 200, pytest.param(64 << 10, marks=pytest.mark.slow)])
def test_what_cannot_be_had_is_a_memory_error(kib: int, old: bool, tmp_path: Path) -> None:
    said = on_tmpfs(f"size={kib}k", SMALL, tmp_path, old=old)
    assert said.startswith("made ")
    assert int(said.split()[-1]) >= 3


@pytest.mark.parametrize("options", ["size=4k", "size=8k", "size=12k", "size=16k", "nr_inodes=1"])
def test_no_room_for_a_segment_is_a_memory_error(options: str, tmp_path: Path) -> None:
    said = on_tmpfs(options, SMALL, tmp_path)
    assert said.startswith(("no segment: no room for a segment in", "no segment: no memory for", "made 0 refused"))


@pytest.mark.parametrize("old", [False, True])
def test_no_room_for_a_threads_number_is_an_exception(old: bool, tmp_path: Path) -> None:
    assert on_tmpfs("size=400k", SLOTS, tmp_path, old=old).startswith("refused ")


def test_the_kernel_reads_for_us_where_reading_is_a_sigbus() -> None:
    assert segment._touched(range(0, 1, 4096)), "nothing is mapped there"
