"""Programs that open the same name at the same moment: they end up in one segment, whoever begins it."""

from __future__ import annotations

import gc
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq._percpu.shared import files
from rseq._percpu.shared.segment import core_of
from shared.folders import Program, path_of
from support import ThreadSet

OPENS = """
import os, sys, rseq
from rseq._percpu.shared.segment import core_of
rseq.Counter(segment=rseq.Segment("warm"), name="x").add()
say("ready")
while (turn := ask()) != "end":
    keep = (int(turn) + int(sys.argv[1])) % 3 == 0 if sys.argv[2] == "mixed" else sys.argv[2] == "True"
    shop = rseq.Segment("shop", keep=keep)
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add()
    say(core_of(shop).header.identity.hex())
    ask()
    say(hits.value)
    del shop, hits
    say("closed")
"""


@pytest.mark.parametrize("keep", ["False", "True", "mixed"])
def test_programs_that_open_a_name_at_once_are_in_one_segment(segment_folder: Path, keep: str) -> None:
    """Again and again; whether one that is left is gone on with or begun anew, all that overlap have one."""
    count, known, total = 4, set[str](), 0
    with ExitStack() as stack:
        programs = [stack.enter_context(Program(OPENS, args=(str(number), keep))) for number in range(count)]
        for program in programs:
            assert program.hear() == "ready"
        for turn in range(40):
            for program in programs:
                program.tell(str(turn))
            identities = {program.hear() for program in programs}
            assert len(identities) == 1
            before = known & identities
            total = total + count if before else count
            known |= identities
            assert bool(before) == (keep == "True" and turn > 0) or keep == "mixed"
            for program in programs:
                program.tell()
            assert [program.hear() for program in programs] == [str(total)] * count
            assert [program.hear() for program in programs] == ["closed"] * count
        for program in programs:
            program.tell("end")


def test_threads_that_open_a_name_at_once_have_one(segment_folder: Path, threads: ThreadSet) -> None:
    for turn in range(30):
        opened: list[rseq.Segment] = []
        threads.run(4, lambda turn=turn, opened=opened: opened.append(rseq.Segment(f"shop {turn}".replace(" ", "-"))))
        assert len({id(core_of(segment)) for segment in opened}) == 1
        assert len(opened[0].processes()) == 1


class Meanwhile:
    """Has `work` done when the function `name` of a module is called for the first time, before or after the call."""

    def __init__(self, patch: pytest.MonkeyPatch, module: Any, name: str, work: Any, *, before: bool = True) -> None:
        plain, done = getattr(module, name), []

        def call(*args: Any, **more: Any) -> Any:
            if done:
                return plain(*args, **more)
            done.append(name)
            if before:
                work()
            result = plain(*args, **more)
            if not before:
                work()
            return result

        patch.setattr(module, name, call)


def left_behind(name: str = "shop") -> None:
    """A segment that nobody has open."""
    rseq.Counter(segment=rseq.Segment(name), name="old").add(5)
    gc.collect()


@pytest.mark.parametrize("function", ["_opened", "_lock", "_is_at", "_unlink", "_made", "_slot"])
@pytest.mark.parametrize("before", [True, False])
def test_another_program_comes_at_any_moment_of_beginning_anew(
    segment_folder: Path, monkeypatch: pytest.MonkeyPatch, function: str, before: bool
) -> None:
    """It opens the segment, and keeps it: whichever of both is first, they are in the same one."""
    other = """
        import rseq
        from rseq._percpu.shared.segment import core_of
        shop = rseq.Segment("shop")
        rseq.Counter(segment=shop, name="there").add(3)
        say(core_of(shop).header.identity.hex())
        ask()
    """
    left_behind()
    with ExitStack() as stack:
        started: list[Program] = []

        def come() -> None:
            started.append(stack.enter_context(Program(other)))
            if function not in ("_unlink", "_is_at") and not (function == "_lock" and not before):
                heard.append(started[0].hear())  # else it waits for us: somebody has all of the file

        heard: list[str] = []
        Meanwhile(monkeypatch, files, function, come, before=before)
        shop = rseq.Segment("shop")
        identity = core_of(shop).header.identity.hex()
        heard = heard or [started[0].hear()]
        assert heard == [identity]
        assert rseq.Counter(segment=shop, name="there").value == 3
        assert "old" not in shop
        started[0].tell()


def test_a_file_that_comes_into_its_place_is_not_unlinked(
    segment_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rseq rm` waits for whoever begins a segment anew, and takes away what it has looked at."""
    left_behind()
    info = next(iter(rseq.segments()))
    removed = threading.Thread(target=info.remove)
    Meanwhile(monkeypatch, files, "_unlink", removed.start)
    shop = rseq.Segment("shop")
    removed.join()
    there = path_of(segment_folder, "shop").exists()
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add()
    if there:
        assert rseq.Segment("shop") == shop
    assert not path_of(segment_folder, "shop").exists() or there


def test_whoever_only_looks_uses_nothing(segment_folder: Path) -> None:
    """Neither it nor a child of it: the next that opens the segment begins it anew."""
    left_behind()
    look = next(iter(rseq.segments())).open()
    assert not look.processes()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(bool(look.processes()))
    try:
        assert not look.processes()
        mine = rseq.Segment("shop")
        assert mine != look
        assert "old" in look
        assert "old" not in mine
    finally:
        os.close(writer)
        os.close(reader)
        assert os.waitpid(child, 0)[1] == 0


def test_a_child_has_the_segment_while_its_parent_ends(segment_folder: Path) -> None:
    """A program that goes into the background: its child's place is taken before its parent's is gone."""
    with Program(
        """
        import os, rseq
        from rseq._percpu.shared import files
        shop = rseq.Segment("shop")
        rseq.Counter(segment=shop, name="hits").add(4)
        reader, writer = os.pipe()
        parent, plain = os.getpid(), os.dup2
        def late(*args, **more):
            os.close(writer)
            os.read(reader, 1)  # until the parent is gone
            return plain(*args, **more)
        os.dup2 = late
        if os.fork() == 0:
            say(len(shop.processes()))
            ask()
            os._exit(0)
        os._exit(0)
        """
    ) as program:
        assert program.hear() == "1"
        shop = rseq.Segment("shop")
        assert rseq.Counter(segment=shop, name="hits").value == 4
        program.tell()


def test_a_segment_is_closed_with_its_last_handle(segment_folder: Path) -> None:
    """And not when garbage is collected: its file and its place are let go at once."""
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        shop = rseq.Segment("shop")
        things = [rseq.Counter(segment=shop), rseq.RingBuffer(256, segment=shop), rseq.Pool(9, 9, segment=shop)]
        del shop, things
        assert len(os.listdir("/proc/self/fd")) == before
        assert not next(iter(rseq.segments())).processes
    finally:
        gc.enable()
