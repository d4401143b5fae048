"""How many CPU numbers there can be, and how many NUMA nodes: what the kernel says in files."""

from __future__ import annotations

import errno
import os

from rseq._quick import cache

_CPUS = "/sys/devices/system/cpu"
NODES = "/sys/devices/system/node"
"""The kernel's folder of NUMA nodes."""


@cache
def possible_cpus() -> int:
    """1 + the highest number that a CPU of this machine can ever have; plugging CPUs in does not change it.

    Neither the number of CPUs online nor what this process may use: CPU numbers go beyond both.
    Raises: OSError - too many files are open: an estimate would hold for as long as the process lives.
    """
    return _count_in_list(f"{_CPUS}/possible") or _count_of_folders(_CPUS) or os.cpu_count() or 1


@cache
def online_nodes() -> int:
    """1 + the highest number of a NUMA node that is online; 0 if the kernel knows of none.

    Raises: OSError - too many files are open: an estimate would hold for as long as the process lives.
    """
    return _count_in_list(f"{NODES}/online")


def _count_in_list(path: str | os.PathLike[str]) -> int:
    """1 + the highest number in a list like "0-3,8"; 0 if the file is not there."""
    numbers = list_in(path).replace(b"-", b",").split(b",")
    return max((int(number) + 1 for number in numbers if number.strip().isdigit()), default=0)


def list_in(path: str | os.PathLike[str]) -> bytes:
    """The list that a file of the kernel's holds, like "0-3,8"; an empty one if the file is not there.

    Raises: OSError - too many files are open.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return b""


def _count_of_folders(folder: str | os.PathLike[str]) -> int:
    """The larger of what libc counts and 1 + the highest N with a folder cpuN; 0 if nobody says."""
    try:
        numbers = [name.removeprefix("cpu") for name in os.listdir(folder) if name.startswith("cpu")]
    except OSError:
        numbers = []
    highest = max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)
    return max(highest, _sysconf("SC_NPROCESSORS_CONF"))


def online_cpus() -> int:
    """How many CPUs are online now."""
    return _sysconf("SC_NPROCESSORS_ONLN") or os.cpu_count() or 1


def _sysconf(name: str) -> int:
    try:
        return max(0, os.sysconf(name))
    except (AttributeError, ValueError, OSError):
        return 0
