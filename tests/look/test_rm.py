"""`rseq rm`: what is removed, and what is not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import rseq
from look.conftest import Run
from rseq._percpu.shared import files
from rseq._percpu.shared.layout import MAGIC
from shared.folders import Program, path_of
from support import run_python

OPEN = """
    import rseq
    shop = rseq.Segment("shop")
    rseq.Counter(segment=shop, name="hits")
    say("ready")
    ask()
"""


def leave(name: str = "shop") -> None:
    """A segment that nobody has open."""
    with Program(OPEN.replace("shop", name)) as program:
        assert program.hear() == "ready"
        program.kill()


def test_one_that_nobody_has_open_is_removed(run: Run, segment_folder: Path) -> None:
    leave()
    assert run("rm", "shop").stdout == "removed shop\n"
    assert [*segment_folder.iterdir()] == []


def test_one_that_is_in_use_is_refused_and_it_is_said_by_whom(run: Run, segment_folder: Path) -> None:
    with Program(OPEN) as program:
        assert program.hear() == "ready"
        said = run("rm", "shop", status=1).stderr
        assert f"Error: shop: 1 process has it open: {program.process.pid} (" in said
        assert path_of(segment_folder, "shop").exists()
        assert run("rm", "--all").stdout.startswith("kept shop: 1 process has it open: ")
        assert run("rm", "--force", "shop").stdout == "removed shop\n"
        assert [*segment_folder.iterdir()] == []
        program.tell()


@pytest.mark.parametrize("rest", [b"", bytes(50), b"\xff" * 5000], ids=["magic only", "short", "garbage"])
def test_a_damaged_segment_is_removed_as_any_other(run: Run, segment_folder: Path, rest: bytes) -> None:
    path = path_of(segment_folder, "shop")
    path.write_bytes(MAGIC + rest)
    path.chmod(0o600)
    assert run("rm", "shop").stdout == "removed shop\n"
    assert not path.exists()


def test_what_is_no_segment_stays_unless_it_is_meant(run: Run, segment_folder: Path) -> None:
    path = path_of(segment_folder, "letters")
    path.write_text("dear Ada")
    path.chmod(0o600)
    for arguments, status in ((("letters",), 1), (("--all",), 0)):
        said = run("rm", *arguments, status=status).stderr
        assert said == f"Error: {path} is no segment: it does not begin as one. `rseq rm --force` removes it\n"
    assert path.read_text() == "dear Ada"
    run("rm", "--force", "letters")
    assert not path.exists()


def test_a_link_in_the_place_of_a_segment_is_not_followed(run: Run, segment_folder: Path) -> None:
    leave()
    kept = path_of(segment_folder, "shop").rename(segment_folder / "kept")
    path_of(segment_folder, "shop").symlink_to(kept)
    assert "cannot be opened as a segment" in run("rm", "shop", status=1).stderr
    run("rm", "--force", "shop")
    assert [*segment_folder.iterdir()] == [kept]


def test_all_of_several_and_what_is_not_there_is_said(run: Run, segment_folder: Path) -> None:
    leave("one")
    leave("two")
    done = run("rm", "one", "three", status=1)
    assert done.stdout == "removed one\n"
    assert done.stderr == "Error: there is no segment 'three'; there is 'two'\n"
    assert run("rm", "--all").stdout == "removed two\n"
    assert f"there are no segments in {segment_folder}" in run("rm", "two", status=1).stderr


def test_all_of_a_group_are_that_groups_alone(run: Run, segment_folder: Path) -> None:
    """Root need not be in it; others are in their own."""
    group = 1 if os.geteuid() == 0 else os.getegid()
    leave()
    make = f"import os, signal, rseq\nrseq.Segment('theirs', group={group})\nos.kill(os.getpid(), signal.SIGKILL)"
    run_python(make, returncode=-signal.SIGKILL)
    said = run("rm", "--all", "--group", "nosuch", status=1)
    assert said.stderr == "Error: group: expected the name or number of a group, got 'nosuch'\n"
    assert len([*segment_folder.iterdir()]) == 2
    assert run("rm", "--all", "--group", str(group)).stdout == f"removed theirs (group {group})\n"
    assert run("rm", "--all").stdout == "removed shop\n"


@pytest.mark.parametrize("arguments", [(), ("shop", "--all"), ("--all", "--force"), ("--nothing",)])
def test_wrong_usage_has_the_exit_status_2(run: Run, segment_folder: Path, arguments: tuple[str, ...]) -> None:
    leave()
    run("rm", *arguments, status=2)
    assert path_of(segment_folder, "shop").exists()


def test_a_name_that_no_segment_has_is_refused(run: Run, segment_folder: Path) -> None:
    assert "Error: name: expected up to 100 letters" in run("rm", "../../etc/passwd", status=1).stderr


def test_whoever_opens_it_in_that_very_moment_does_not_join_what_is_removed(segment_folder: Path) -> None:
    """The file is locked as a whole while it loses its name."""
    leave()
    place = files.place_of("shop")

    def opened_meanwhile(fd: int) -> bool:
        other = files._opened(place)
        assert files._slot(other) is None
        return True

    assert files.take_away(place, opened_meanwhile) == []
    assert rseq.Segment("shop").processes()[0].pid
