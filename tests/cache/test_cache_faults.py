"""What is not believed of the cache, what goes wrong with it, and how large it is."""

from __future__ import annotations

import errno
import itertools
import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cache.conftest import ADD, HEAD, Modules, result, was_parsed
from rseq import _cache as cache
from rseq import _ship as ship
from rseq import _shipped as shipped
from rseq._language.compiled import Compiled

FUZZED = int(os.environ.get("RSEQ_FUZZ", "1000"))
"""How many damaged entries are tried: RSEQ_FUZZ=100000 for long."""


# ---- what is not believed


def an_entry(folder: Path) -> tuple[str, Path]:
    kept = cache.Kept(cache.digest("fuzz"), {})
    kept.put("one", (b"code" * 50, {"entries": (1, 2, 3)}, 1.5))
    return kept.key, folder / f"{kept.key}.rseq"


def damaged(data: bytes, chance: random.Random) -> bytes:
    at, kind = chance.randrange(len(data)), chance.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + chance.randbytes(chance.randrange(1, 20)) + data[at:]
    if kind == 3:
        return data[:at] + data[at + chance.randrange(1, 20) :]
    if kind == 4:
        return data[:at] + chance.randbytes(len(data) - at)
    return chance.randbytes(chance.randrange(200))


def test_a_damaged_entry_is_none(folder: Path) -> None:
    key, path = an_entry(folder)
    data, chance = path.read_bytes(), random.Random(11)
    assert cache.find(key) is not None
    for _ in range(FUZZED):
        spoilt = damaged(data, chance)
        path.unlink()  # some file systems wait for the disk where a file that is there is written anew
        path.write_bytes(spoilt)
        assert spoilt == data or cache.find(key) is None


def test_an_entry_under_another_name_is_none(folder: Path) -> None:
    key, path = an_entry(folder)
    other = cache.digest("another")
    shutil.copy(path, folder / f"{other}.rseq")
    assert cache.find(other) is None
    assert cache.find(key) is not None


def test_a_damaged_entry_is_compiled_anew(modules: Modules, folder: Path, compiled: list[Compiled]) -> None:
    expected = result(modules.load(HEAD + ADD), "add", 4)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    again = modules.load(HEAD + ADD)
    assert result(again, "add", 4) == expected
    assert len(compiled) == 2
    assert not was_parsed(modules.load(HEAD + ADD).add)


@pytest.mark.parametrize(
    "contents", [{"followed": [99]}, {}, {"followed": None}, {"followed": [], "cpu_id 0": (None, 5)}]
)
def test_an_entry_of_something_else_is_compiled_anew(modules: Modules, contents: dict[str, Any]) -> None:
    module = modules.load(HEAD + ADD)
    cache.Kept(module.add.kept.key, contents).write()
    assert result(modules.load(HEAD + ADD), "add", 4)[1][0] == 20


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(modules: Modules, folder: Path, mode: int) -> None:
    modules.load(HEAD + ADD)
    folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match=r"does not use its cache .* it can be written to by others"):
        module = modules.load(HEAD + ADD)
    assert was_parsed(module.add)
    modules.load(HEAD + ADD)  # it is said once
    folder.chmod(0o700)
    assert not was_parsed(modules.load(HEAD + ADD).add)


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_an_entry_that_others_may_write_to_is_none(folder: Path, mode: int) -> None:
    key, path = an_entry(folder)
    path.chmod(mode)
    assert cache.find(key) is None
    path.chmod(0o644)
    assert cache.find(key) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_somebody_else_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, path = an_entry(folder)
    os.chown(path, 12345, 12345)
    assert cache.find(key) is None
    os.chown(path, 0, 0)
    os.chown(folder, 12345, 12345)
    with pytest.warns(RuntimeWarning, match="it belongs to user 12345, who is neither root nor you"):
        assert cache.find(key) is None
    monkeypatch.delenv("RSEQ_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    folder.rename(folder.parent / "rseq")
    assert cache.find(key) is None  # `sudo` keeps the home of somebody who is not root
    assert cache.refusal() == "it belongs to user 12345, who is neither root nor you"


def test_what_root_has_kept_is_used_by_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = an_entry(folder)
    about = os.stat(folder)
    monkeypatch.setattr(os, "geteuid", lambda: about.st_uid + 1)
    if about.st_uid == 0:
        assert cache.find(key) is not None
    else:
        with pytest.warns(RuntimeWarning):
            assert cache.find(key) is None


def test_no_link_is_followed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, path = an_entry(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.find(key) is None
    path.unlink()
    (tmp_path / "elsewhere").rename(path)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.setenv("RSEQ_CACHE_DIR", str(tmp_path / "link"))
    assert cache.find(key) is None
    assert cache.refusal() == "it is no folder"
    cache.Kept(cache.digest("other"), {}).write()
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_is_no_entry(folder: Path, make: Callable[[Path], None]) -> None:
    key, path = an_entry(folder)
    path.unlink()
    make(path)
    assert cache.find(key) is None


def test_files_and_folder_are_the_users_own(modules: Modules, folder: Path) -> None:
    before = os.umask(0)
    try:
        modules.load(HEAD + ADD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


# ---- what goes wrong


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, number: int, after: int = 0) -> None:
    """Have a function of `os` refuse what is written."""
    call, calls = getattr(os, name), itertools.count()

    def refused(*given: Any, **named: Any) -> Any:
        is_write = name != "open" or (len(given) > 1 and given[1] & os.O_CREAT)
        if is_write and next(calls) >= after:
            raise OSError(number, os.strerror(number))
        return call(*given, **named)

    monkeypatch.setattr(cache.os, name, refused)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("write", errno.ENOSPC),
        ("write", errno.EIO),
        ("open", errno.EROFS),
        ("open", errno.EACCES),
        ("rename", errno.EXDEV),
    ],
)
def test_what_cannot_be_kept_is_compiled(
    modules: Modules, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    folder.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        refusing(patch, name, number)
        cache.Kept(cache.digest("full"), {}).write()
        assert list(folder.iterdir()) == []
        for _ in range(2):
            module = modules.load(HEAD + ADD)
            assert was_parsed(module.add)
            patch.undo()
            assert result(module, "add", 4)[1][0] == 20
            refusing(patch, name, number)
            for path in folder.iterdir():
                path.unlink()


def test_what_is_there_is_read_where_nothing_can_be_written(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = result(modules.load(HEAD + ADD), "add", 4)
    refusing(monkeypatch, "open", errno.EROFS)
    module = modules.load(HEAD + ADD)
    assert not was_parsed(module.add)
    assert result(module, "add", 4) == expected


def test_a_file_in_the_place_of_the_folder_is_no_cache(modules: Modules, folder: Path) -> None:
    folder.write_text("a file")
    module = modules.load(HEAD + ADD)
    assert result(module, "add", 4)[1][0] == 20
    assert folder.read_text() == "a file"


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"RSEQ_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/d"}, "/c/rseq"),
        ({"XDG_CACHE_HOME": "c", "HOME": "/d"}, "/d/.cache/rseq"),
        ({"HOME": "/d"}, "/d/.cache/rseq"),
        ({"RSEQ_CACHE_DIR": "", "HOME": "/d"}, None),
        ({"HOME": "nowhere"}, None),
    ],
)
def test_where_it_is(environment: dict[str, str], path: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RSEQ_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache.folder() == path


# ---- other versions


def test_another_version_of_the_package_compiles_anew(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    modules.load(HEAD + ADD)
    monkeypatch.setattr(cache, "_process", lambda: ("another",))
    assert was_parsed(modules.load(HEAD + ADD).add)


def test_another_llvm_compiles_anew_and_none_takes_what_is_there(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, compiled: list[Compiled]
) -> None:
    for version, count in (("20", 1), ("20", 1), (None, 1), ("21", 2), ("21", 2), ("20", 3)):
        monkeypatch.setattr(cache, "llvm", lambda version=version: version)
        result(modules.load(HEAD + ADD), "add", 4)
        assert len(compiled) == count


def test_the_package_is_known_by_all_its_files_or_by_what_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "rseq"
    (package / "_room").mkdir(parents=True)
    for path in ("a.py", "_room/b.py"):
        (package / path).write_text("pass")
        os.utime(package / path, (1, 1))
    monkeypatch.setattr(cache, "PACKAGE", str(package))
    monkeypatch.setattr(shipped, "PACKAGE", str(package))

    def known() -> str:
        cache.package.cache_clear()  # type: ignore[attr-defined]
        shipped.sources.cache_clear()  # type: ignore[attr-defined]
        return cache.package()

    seen = [known()]
    os.utime(package / "_room/b.py", (2, 2))
    seen.append(known())
    (package / "_room/b.py").write_text("pass ")
    os.utime(package / "_room/b.py", (2, 2))
    seen.append(known())
    (tmp_path / "rseq-1.dist-info").mkdir()
    (tmp_path / "rseq-1.dist-info/RECORD").write_text("a.py,sha256=1,4")
    seen.append(known())
    os.utime(package / "a.py", (3, 3))
    assert known() == seen[-1]
    (tmp_path / "rseq-1.dist-info/RECORD").write_text("a.py,sha256=2,4")
    seen.append(known())
    monkeypatch.undo()
    known()
    assert len(set(seen)) == len(seen)


def test_what_a_checkout_has_built_is_used_until_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = shipped.here()
    if layout is None:
        pytest.skip("nothing is shipped for this layout of objects")
    path = tmp_path / shipped.file_name(os.uname().machine, layout.name)
    path.write_bytes(ship.packed({}, {"one": (1, 2)}))
    monkeypatch.setattr(shipped, "FOLDER", str(tmp_path))

    def found(*, is_checkout: bool, changed: int) -> Any:
        monkeypatch.setattr(shipped, "is_checkout", lambda: is_checkout)
        os.utime(tmp_path / "a.py", (changed, changed))
        monkeypatch.setattr(shipped, "sources", lambda: [("a.py", os.stat(tmp_path / "a.py"))])
        shipped._file.cache_clear()  # type: ignore[attr-defined]
        return shipped.bundle("one")

    (tmp_path / "a.py").write_text("")
    made = int(path.stat().st_mtime)
    try:
        assert found(is_checkout=True, changed=made - 10) == (1, 2)
        assert found(is_checkout=True, changed=made + 10) is None
        assert found(is_checkout=False, changed=made + 10) == (1, 2)
    finally:
        monkeypatch.undo()
        shipped._file.cache_clear()  # type: ignore[attr-defined]


# ---- its size


def test_the_oldest_go_when_there_is_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT_BYTES", 20_000)
    monkeypatch.setattr(cache, "_BETWEEN_TRIMS", 1)
    for number in range(30):
        kept = cache.Kept(cache.digest(number), {"data": b"x" * 1000})
        kept.write()
        os.utime(folder / f"{kept.key}.rseq", (number, number))
    left = [number for number in range(30) if cache.find(cache.digest(number)) is not None]
    assert 29 in left
    assert left == list(range(left[0], 30))
    assert 10 <= len(left) <= 20


def test_what_is_used_is_not_the_oldest(folder: Path) -> None:
    key, path = an_entry(folder)
    os.utime(path, (1, 1))
    assert cache.find(key) is not None
    assert path.stat().st_mtime > 1_000_000_000


def test_what_a_dead_process_has_left_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_BETWEEN_TRIMS", 1)
    an_entry(folder)
    for name, used in (("old.part", 1), ("new.part", 1 << 33)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (used, used))
    (folder / "not ours.txt").write_text("")
    an_entry(folder)
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".rseq") == ["new.part", "not ours.txt"]
