"""Sequences by name, for the command line: MODULE:NAME or FILE.py:NAME."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from .language import ir
from .language.compiled import Compiled
from .language.errors import CompileError
from .sequence import Routine, Sequence

__all__ = ["Found", "NamedError", "find", "name_of", "sequences"]


class NamedError(LookupError):
    """A name that leads to no sequence; the sentence says why."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Found:
    """What a name means: sequences and routines by their names, and what they belong to, the module first."""

    sequences: Mapping[str, Sequence[Any, Any] | Routine[Any, Any]]
    module: ModuleType
    owners: tuple[str, ...]


def sequences(name: str) -> list[Sequence[Any, Any]]:
    """The sequence that `name` means, or all those of the routine or structure that it means; see `find`."""
    return list(dict.fromkeys(one for code in find(name).sequences.values() for one in _called(code)))


def _called(code: Compiled) -> Iterator[Sequence[Any, Any]]:
    if isinstance(code, Sequence):
        yield code
    for op in code.body.ops:
        if isinstance(op, ir.Call):
            yield from _called(op.callee)


def find(name: str) -> Found:
    """The sequence or routine that `name` means, or all those of the structure that it means.

    Raises: NamedError - there is no such module, file or name, or it is neither sequence nor structure.
    """
    module_name, colon, path = name.partition(":")
    if not colon or not path:
        raise NamedError(f"expected MODULE:NAME, such as rseq:Counter or shop.py:push; got {name!r}")
    module = _module(module_name)
    thing: Any = module
    *owners, last = path.split(".")
    for part in (*owners, last):
        if isinstance(found := _method(thing, part), (Sequence, Routine)):
            return Found({part: found}, module, tuple(owners))
        if not hasattr(thing, part):
            raise NamedError(
                f"{module_name} has no {path}; there are: {', '.join(_available(thing)) or 'no sequences'}"
            )
        thing = getattr(thing, part)
    if isinstance(thing, (Sequence, Routine)):
        return Found({last: thing}, module, tuple(owners))
    if isinstance(thing, type) and hasattr(thing, "sequences"):
        return Found(thing.sequences(), module, (*owners, last))
    raise NamedError(f"{name} is neither a sequence or routine nor a structure; it is {thing!r}")


def name_of(thing: Any) -> str | None:
    """What `find` takes for a sequence, a routine or a structure; None where no name leads to it: it is local."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    found: Any = module
    for part in getattr(thing, "__qualname__", "<nothing>").split("."):
        found = getattr(found, part, None)
    if module is None or found is not thing:
        return None
    file = getattr(module, "__file__", None) or ""
    is_in_package = os.path.exists(os.path.join(os.path.dirname(file), "__init__.py"))
    home = _from_here(file) if file.endswith(".py") and not is_in_package else module.__name__
    return f"{home}:{thing.__qualname__}"


def _from_here(file: str) -> str:
    path = os.path.relpath(file)
    return file if path.startswith(os.pardir) else path


def _method(thing: Any, name: str) -> object:
    has_sequences = isinstance(thing, type) and hasattr(thing, "sequences")
    return thing.sequences().get(name) if has_sequences else None


def _available(thing: Any) -> list[str]:
    return sorted(name for name, value in vars(thing).items() if _is_nameable(value) and not name.startswith("_"))


def _is_nameable(value: object) -> bool:
    return isinstance(value, (Sequence, Routine)) or (isinstance(value, type) and hasattr(value, "sequences"))


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        return _file(name)
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NamedError(f"{name} cannot be imported: {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever the user's module raises
        raise _failed(name, error) from None
    finally:
        sys.path.remove(os.getcwd())


@cache
def _file(path: str) -> ModuleType:
    """The module in a file, once: two names in it mean sequences on the same records."""
    if not os.path.isfile(path):
        raise NamedError(f"there is no file {path}")
    name = os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever the user's file raises
        raise _failed(path, error) from None
    return module


def _failed(name: str, error: Exception) -> NamedError:
    if isinstance(error, CompileError):
        return NamedError(f"{name} does not compile:\n{error}")
    return NamedError(f"{name} raised {type(error).__name__}: {error}")
