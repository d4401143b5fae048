"""The wheel: one for every Python and machine, the same from a checkout and from the sdist, and installed by itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import rseq
from rseq._layout import this
from rseq._shipped import file_name
from support import ROOT

HERE = file_name(os.uname().machine, this().name)
"""The one file of machine code that a build makes that is not told to make all."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(find_spec, ("build", "hatchling", "twine"))), reason="build, hatchling or twine is not installed"
    ),
]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which one build has left an sdist and the wheel that was made of it."""
    folder = tmp_path_factory.mktemp("dist")
    build("--outdir", str(folder), str(ROOT))
    return folder


def build(*arguments: str) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", *arguments)


def run(*command: str, returncode: int = 0) -> str:
    """What a command prints; nothing of this environment leads it here."""
    done = subprocess.run(command, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert done.returncode == returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def wheel_in(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, str]:
    """The files of a wheel, each with what tells whether it is the same."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_one_wheel_serves_every_python_and_machine(dist: Path) -> None:
    assert wheel_in(dist).name == f"rseq-{rseq.__version__}-py3-none-any.whl"


def test_a_checkout_and_the_sdist_make_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    build("--wheel", "--outdir", str(tmp_path), str(ROOT))
    assert contents(wheel_in(tmp_path)) == contents(wheel_in(dist))


def test_a_build_leaves_the_sources_as_they_are(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    before = set(folder.rglob("*"))
    build("--wheel", "--outdir", str(tmp_path / "built"), str(folder))
    assert {path for path in folder.rglob("*") if "__pycache__" not in path.parts} == before


def test_the_wheel_has_the_package_and_nothing_else(dist: Path) -> None:
    sources = {f"rseq/{path.relative_to(ROOT / 'src/rseq')}" for path in (ROOT / "src/rseq").rglob("*.py")}
    names = set(contents(wheel_in(dist)))
    assert sources | {"rseq/py.typed", "rseq/_texts.py"} <= names
    assert {name for name in names if name.startswith("rseq/shipped/")} == {f"rseq/shipped/{HERE}"}
    assert {name.partition("/")[0] for name in names} == {"rseq", f"rseq-{rseq.__version__}.dist-info"}


def test_twine_finds_nothing_wrong(dist: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir()))


def test_it_is_installed_without_an_index_and_brings_no_other_package(dist: Path, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=True)
    python = str(tmp_path / "bin/python")
    run(python, "-m", "pip", "install", "--isolated", "--no-index", "--find-links", str(dist), "rseq")
    listed = run(python, "-c", "from importlib.metadata import distributions as d; print(*(it.name for it in d()))")
    assert set(listed.split()) - {"pip", "setuptools"} == {"rseq"}
    count = "import rseq; c = rseq.Counter(); c.add(41); c.add(); print(c.value, rseq.info().code_file)"
    assert run(python, "-c", count).split() == ["42", HERE]
    assert run(python, "-c", "import rseq; print(rseq.__file__, rseq.info().system)").startswith(str(tmp_path))
    assert run(python, "-c", "import rseq; it = rseq.Counter(); it.add(3); print(it.value)") == "3\n"
    said = run(str(tmp_path / "bin/rseq"), "info", returncode=2)
    assert said.endswith("which is not installed: pip install 'rseq[cli]'\n")
