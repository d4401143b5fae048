"""Whether sequences can run on this machine at all: on Linux, with a code generator for its architecture."""

from __future__ import annotations

from rseq._libc import on_linux
from rseq._once import once
from rseq._shipped import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rseq import _arch as arch

_NOT_HERE = "sequences can be written, checked and emitted here, but not run"


class UnsupportedError(RuntimeError):
    """No sequence can run here: the system is not Linux, or its architecture has no code generator."""

    __module__ = "rseq"


def architecture() -> arch.Architecture | None:
    """The architecture of this machine, or None if there is no file for it or the system is not Linux."""
    from rseq._arch import host  # with all that makes code

    return host() if on_linux() else None


def require_support() -> arch.Architecture:
    """The architecture that code is made for here. Raises: UnsupportedError - with the reason, in a sentence."""
    known = architecture()
    if known is None:
        import platform

        raise UnsupportedError(no_generator(platform.machine()) if on_linux() else not_linux(platform.system()))
    return known


def is_supported() -> bool:
    """Whether code can be made for this machine, or was made for it."""
    return bool(_facts())


def fact(name: str) -> Any:
    """What the class `Architecture` calls by that name, of this machine's. Raises: UnsupportedError."""
    known = _facts()
    return known[name] if name in known else getattr(require_support(), name)


FACTS = ("membarrier", "mbind", "thread_pointer", "caches_agree")
"""What is asked of an architecture without the modules that make code for it."""


def _facts() -> Mapping[str, Any]:
    """What is known of this machine's architecture; nothing, if there is no code for it."""
    return facts() or _remembered_facts()


@once
def _remembered_facts() -> Mapping[str, Any]:
    """The same where no machine code has come with the package: each fence and barrier asks for it."""
    from rseq._cache import remembered

    known: Mapping[str, Any] = remembered("facts", _facts_of_architecture)
    return known


def _facts_of_architecture() -> dict[str, Any]:
    known = architecture()
    return {} if known is None else {name: getattr(known, name) for name in FACTS}


def not_linux(system: str) -> str:
    """Why nothing runs on that system."""
    return f"Restartable sequences are a system call of Linux and this is {system}: {_NOT_HERE}."


def no_generator(machine: str) -> str:
    """Why nothing runs on a machine of that architecture."""
    return f"rseq has no code generator for the architecture {machine or '(unknown)'}: {_NOT_HERE}."
