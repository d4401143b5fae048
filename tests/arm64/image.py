"""What the emulated machine boots: Debian's kernel, and an archive of Debian's Python and wheels from PyPI.

Linux unpacks archives (cpio, format newc) into memory and starts /init there. It takes several, one behind the other:
all that is downloaded makes one, which is kept, and the project makes another one for each run. It needs apt and
dpkg-deb; apt's state is in the folder, too, and knows nothing of the packages of this machine.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_IFDIR, S_IFLNK, S_IFREG
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[2]
PYTHON, SITE = "3.13", "usr/lib/site"
SUITE, KEYS = "trixie", "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = (f"python{PYTHON}", "libstdc++6")
PLATFORMS = [f"--platform=manylinux_2_{minor}_aarch64" for minor in (17, 27, 28)]
UNUSED = ("usr/share/", "usr/lib/aarch64-linux-gnu/gconv/", "usr/lib/aarch64-linux-gnu/perl-base/")


class Archive:
    """Writes an archive of files, and of the folders around them."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._folders = {PurePosixPath(".")}

    def folder(self, path: PurePosixPath) -> None:
        """The folder, and all above it."""
        if path not in self._folders:
            self._folders.add(path)
            self.folder(path.parent)
            self._entry(str(path), b"", S_IFDIR | 0o755)

    def add(self, name: str, data: bytes, mode: int = S_IFREG | 0o644) -> None:
        """A file, or a symbolic link to `data`."""
        self.folder(PurePosixPath(name).parent)
        self._entry(name, data, mode)

    def end(self) -> None:
        """What Linux takes for the end of an archive."""
        self._entry("TRAILER!!!", b"", 0)

    def _entry(self, name: str, data: bytes, mode: int) -> None:
        path = name.encode() + b"\0"
        head = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        self._out.write(_padded(b"070701" + b"".join(b"%08X" % number for number in head) + path) + _padded(data))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def image(folder: Path) -> tuple[Path, Path]:
    """The kernel and the archive, downloaded and made where `folder` does not have them yet.

    Raises: subprocess.CalledProcessError - apt, dpkg-deb or pip failed, and has said why.
    """
    kernel, archive = folder / "vmlinuz", folder / "base.cpio"
    if not archive.exists():
        packages, wheels = _packages(folder), _wheels(folder)
        (linux,) = (package for package in packages if package.name.startswith("linux-image-"))
        kernel.write_bytes(next(data for name, data, _ in _unpacked(linux) if name.startswith("boot/vmlinuz")))
        unfinished = archive.with_suffix(".new")
        with unfinished.open("wb") as out:
            _fill(Archive(out), [package for package in packages if package != linux], wheels)
        unfinished.rename(archive)
    return kernel, archive


def _packages(folder: Path) -> list[Path]:
    """Debian's packages: the kernel, and Python with all that it needs."""
    print(f"downloading Debian's kernel and Python {PYTHON} for arm64", flush=True)
    files, options = folder / "archives", _apt_options(folder)
    subprocess.run(["apt-get", *options, "update"], check=True)
    depends = ["apt-cache", *options, "depends", "linux-image-cloud-arm64"]
    linux = subprocess.run(depends, check=True, capture_output=True, text=True).stdout.split("Depends: ")[1].split()[0]
    subprocess.run(["apt-get", *options, "--yes", "--download-only", "install", *PACKAGES], check=True)
    subprocess.run(["apt-get", *options, "download", linux], check=True, cwd=files)
    return sorted(files.glob("*.deb"))


def _apt_options(folder: Path) -> list[str]:
    """For an apt whose state is in the folder, and which takes from this machine the mirror and how to reach it."""
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"]
    mirrors = subprocess.run(targets, check=True, capture_output=True, text=True).stdout.split()
    mirror = next((uri for uri in mirrors if uri.rstrip("/").endswith("/debian")), None)
    if mirror is None or not Path(KEYS).exists():
        sys.exit(f"This needs Debian: apt knows no mirror whose name ends in /debian, or {KEYS} is missing.")
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text(f"deb [signed-by={KEYS}] {mirror} {SUITE} main\n")
    (folder / "status").touch()
    own = ["Dir::Etc::SourceParts=/dev/null", f"Dir::Etc::SourceList={folder / 'sources.list'}"]
    own += [f"Dir::State={folder}", f"Dir::State::status={folder / 'status'}", f"Dir::Cache={folder}"]
    own += ["APT::Architecture=arm64", "APT::Architectures=arm64", "APT::Install-Recommends=false"]
    own += ["APT::Sandbox::User=root", "Debug::NoLocking=true", "Acquire::Languages=none"]
    return ["-qq", *(f"-o{option}" for option in own)]


def _wheels(folder: Path) -> list[Path]:
    """What the package depends on to compile and to be a command, in wheels for arm64."""
    print("downloading wheels for arm64", flush=True)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    depends = [*extras["compiler"], *extras["cli"]]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--only-binary=:all:"]
    command += [f"--python-version={PYTHON}", *PLATFORMS, f"--dest={folder / 'wheels'}", *depends]
    subprocess.run(command, check=True)
    return sorted((folder / "wheels").glob("*.whl"))


def _fill(archive: Archive, packages: list[Path], wheels: list[Path]) -> None:
    for name in ("bin", "lib", "sbin"):
        archive.add(name, f"usr/{name}".encode(), S_IFLNK | 0o777)
    for folder in ("proc", "sys", "dev", "tmp"):
        archive.folder(PurePosixPath(folder))
    for package in packages:
        for name, data, mode in _unpacked(package):
            if not name.startswith(UNUSED):
                archive.add(name, data, mode)
    for wheel in map(zipfile.ZipFile, wheels):
        for name in wheel.namelist():
            if not name.endswith("/") and "/tests/" not in name:
                archive.add(f"{SITE}/{name}", wheel.read(name))
    archive.end()


def _unpacked(package: Path) -> Iterator[tuple[str, bytes, int]]:
    """Name, content and mode of each file and link of a Debian package."""
    files = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(files)) as tar:
        for member in tar:
            name = member.name.removeprefix("./")
            if member.isfile() and (content := tar.extractfile(member)):
                yield name, content.read(), S_IFREG | member.mode
            elif member.issym():
                yield name, member.linkname.encode(), S_IFLNK | 0o777
