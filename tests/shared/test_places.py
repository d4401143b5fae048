"""What lies at a segment's place and is none: refused in one sentence, and left as it is."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rseq
from rseq._percpu.shared import core, files, layout
from shared.folders import path_of
from support import run_python

NOBODY = 65534


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def _file(text: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(text)
        path.chmod(mode)

    return make


def _link(path: Path) -> None:
    target = path.with_name("target")
    _file(b"rseqshm\n" * 512)(target)
    path.symlink_to(target)


def _somebody_elses(path: Path) -> None:
    _file(b"rseqshm\n" * 512)(path)
    os.chown(path, NOBODY, NOBODY)


THERE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "cannot be opened as a segment: Is a directory"),
    "a FIFO": (lambda path: os.mkfifo(path, 0o600), "cannot be used as a segment: it is no file"),
    "a socket": (_socket, "cannot be opened as a segment: No such device or address"),
    "a link": (_link, "cannot be opened as a segment: Too many levels of symbolic links"),
    "a link to nothing": (
        lambda path: path.symlink_to("nothing"),
        "cannot be opened as a segment: Too many levels of ",
    ),
    "another file": (_file(b"a letter"), "is no segment: it does not begin as one. Move it away"),
    "an empty file": (_file(b""), "is no segment: it does not begin as one. Move it away"),
    "a file for all": (_file(b"rseqshm\n" * 512, 0o644), "cannot be used as a segment: its mode is 0644, and not 0600"),
    "somebody else's": (_somebody_elses, f"cannot be used as a segment: it belongs to user {NOBODY}"),
}


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("what", THERE)
def test_what_is_no_segment_is_refused_and_left(segment_folder: Path, what: str, keep: bool) -> None:
    make, sentence = THERE[what]
    if what == "somebody else's" and os.geteuid():
        pytest.skip("only root makes files of others")
    path = path_of(segment_folder, "shop")
    make(path)
    before = os.lstat(path)
    with pytest.raises(rseq.SegmentError, match=re.escape(sentence)):
        rseq.Segment("shop", keep=keep)
    assert os.path.samestat(before, os.lstat(path))
    infos = rseq.segments()
    assert [info.name for info in infos] == ["shop"]
    assert infos[0].problem


def header(**changed: object) -> bytes:
    """A header that this program would write, but for what has changed."""
    made = layout.Header(2, 1 << 18, 0, bytes(16), 1, core.blank_mutex_bytes(), b"test")
    return layout.packed(made._replace(**changed))  # type: ignore[arg-type]


FOREIGN = {
    "a later version": (
        lambda: header()[:8] + b"\2\0\0\0" + header()[12:],
        "has version 2, and this rseq knows version 1",
    ),
    "another byte order": (
        lambda: header()[:12] + header()[15:11:-1] + header()[16:],
        "has another byte order, and this",
    ),
    "larger pages": (
        lambda: header()[:16] + (1 << 16).to_bytes(4, "little") + header()[20:],
        "was made for pages of 65536",
    ),
    "no lanes": (lambda: header(lanes=0), "is damaged: "),
    "too many lanes": (lambda: header(lanes=1 << 17), "is damaged: "),
    "no stride": (lambda: header(stride=0), "is damaged: "),
    "half a page of stride": (lambda: header(stride=2048), "is damaged: "),
    "another libc": (lambda: header(mutex=b"\1" * 64), "was made by a program with another libc, whose locks this one"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_segment_that_cannot_be_used_is_refused_by_name(segment_folder: Path, what: str) -> None:
    make, sentence = FOREIGN[what]
    path = path_of(segment_folder, "shop")
    _file(make())(path)
    os.truncate(path, layout.DATA_AT)
    with pytest.raises(rseq.SegmentError, match=rf"^segment 'shop' {re.escape(sentence)}"):
        rseq.Segment("shop", keep=True)
    assert next(iter(rseq.segments())).problem


def test_one_that_ends_too_early_is_damaged(segment_folder: Path) -> None:
    path = path_of(segment_folder, "shop")
    _file(header())(path)
    os.truncate(path, layout.DATA_AT - 1)
    with pytest.raises(rseq.SegmentError, match=r"^segment 'shop' is damaged: "):
        rseq.Segment("shop", keep=True)


def test_a_process_of_32_bits_is_refused(monkeypatch: pytest.MonkeyPatch, segment_folder: Path) -> None:
    monkeypatch.setattr(sys, "maxsize", (1 << 31) - 1)
    with pytest.raises(rseq.UnsupportedError, match=r"^segments are for 64-bit processes, and this one has 32 bits"):
        rseq.Segment("shop")


# ---- folders

FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "is not there": (lambda path: None, "is not there: No such file or directory"),
    "is a file": (lambda path: path.write_text(""), "is no folder"),
    "is everybody's": (lambda path: (path.mkdir(), path.chmod(0o777)), "other users may replace files in it"),
    "is a group's": (lambda path: (path.mkdir(), path.chmod(0o770)), "other users may replace files in it"),
    "is somebody else's": (lambda path: (path.mkdir(), os.chown(path, 5, 5)), "other users may replace files in it"),
}


@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_that_is_not_safe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    make, sentence = FOLDERS[what]
    if what == "is somebody else's" and os.geteuid():
        pytest.skip("only root gives folders away")
    make(tmp_path / "segments")
    monkeypatch.setenv("RSEQ_SEGMENT_DIR", str(tmp_path / "segments"))
    for use in (lambda: rseq.Segment("shop"), rseq.segments):
        with pytest.raises(rseq.SegmentError, match=f"{re.escape(sentence)}.*set RSEQ_SEGMENT_DIR"):
            use()


# ---- other users

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


@pytest.fixture
def open_folder(segment_folder: Path) -> Path:
    """A folder as /dev/shm is."""
    segment_folder.chmod(0o1777)
    return segment_folder


def as_nobody(code: str, groups: str = "[]") -> str:
    """What a program of another user prints. What it imports is there before: that user may not read Python's files."""
    before = """
import grp, os, rseq, rseq._percpu.shared.listing
warm = rseq.Segment("warm-up-of-root")
rseq.Counter(segment=warm, name="hits").add()
assert warm["hits"].value and rseq.segments()
"""
    become = f"os.setgroups({groups}); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    done = run_python(before + become + code)
    for info in rseq.segments():
        if info.name == "warm-up-of-root":
            info.remove()
    return done.stdout.strip()


@needs_root
def test_other_users_have_other_segments(open_folder: Path) -> None:
    shop = rseq.Segment("shop")
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add(5)
    said = as_nobody("shop = rseq.Segment('shop'); print(len(shop), [i.name for i in rseq.segments()])")
    assert said == "0 ['shop']"
    assert [info.path for info in rseq.segments()] == [str(path_of(open_folder, "shop"))]


@needs_root
def test_a_group_shares_what_it_was_given(open_folder: Path) -> None:
    shop = rseq.Segment("shop", group=4321) if _has_group(4321) else rseq.Segment("shop", group=0)
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add(5)
    said = as_nobody(
        "shop = rseq.Segment('shop', group=0); c = rseq.Counter(segment=shop, name='hits'); c.add(2); print(c.value)",
        groups="[0]",
    )
    assert said == "7"
    assert hits.value == 7
    path = next(iter(rseq.segments())).path
    assert os.stat(path).st_mode & 0o7777 == 0o660
    said = as_nobody("try: rseq.Segment('shop', group=0)\nexcept rseq.SegmentError as error: print(error)")
    assert "cannot be opened as a segment: Permission denied" in said


def _has_group(number: int) -> bool:
    import grp

    return any(found.gr_gid == number for found in grp.getgrall())


@needs_root
def test_only_the_owner_begins_a_groups_segment_anew_where_others_may_not_remove_it(open_folder: Path) -> None:
    shop = rseq.Segment("shop", group=0)
    rseq.Counter(segment=shop, name="hits").add(5)
    del shop
    said = as_nobody(
        "try: rseq.Segment('shop', group=0)\nexcept rseq.SegmentError as error: print(error)", groups="[0]"
    )
    assert "is in use by nobody, and only its owner, user 0, can begin a new one in this folder" in said
    said = as_nobody("print(rseq.Segment('shop', group=0, keep=True)['hits'].value)", groups="[0]")
    assert said == "5"


@needs_root
def test_a_group_that_one_is_not_in_is_refused(open_folder: Path) -> None:
    said = as_nobody("try: rseq.Segment('shop', group=0)\nexcept rseq.SegmentError as error: print(error)")
    assert "no segment can be made in" in said


def test_a_child_that_is_started_has_no_descriptor_of_it(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    code = "import os\nfor n in range(99):\n try: print(os.readlink(f'/proc/self/fd/{n}'))\n except OSError: pass"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True, close_fds=False).stdout
    assert "rseq." not in said
    assert shop.processes()


def test_a_peer_that_truncates_ends_those_that_use_it(segment_folder: Path) -> None:
    """As the page says under "Trust": the kernel has no other answer."""
    done = run_python(
        """
        import os, rseq
        shop = rseq.Segment("shop")
        hits = rseq.Counter(segment=shop, name="hits")
        os.truncate(next(iter(rseq.segments())).path, 0)
        hits.add()
        """,
        returncode=None,
    )
    assert done.returncode == -signal.SIGBUS


def test_names_that_no_file_should_have_are_refused() -> None:
    for name in ("", ".", "..", "a/b", "a b", "\0", "é", "x" * 101, "-rf", "\ud800"):
        with pytest.raises(ValueError, match=r"^name: expected up to 100 letters"):
            files.place_of(name)
