"""Sequences by name, for the command line: MODULE:NAME or FILE.py:NAME."""

from __future__ import annotations

import importlib
import importlib.util
import os
import reprlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from rseq._language.compiled import Compiled
from rseq._language.errors import CompileError
from rseq._language.inline import Inline
from rseq._once import once
from rseq._sequence import Routine, Sequence
from rseq._terminal import stdout_aside


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


def find_all(names: tuple[str, ...]) -> Found:
    """All that `names` mean, each MODULE:NAME, or a MODULE for all sequences, routines and structures made there.

    What is a structure's goes by the structure's name and its own, unless all of it is of one structure.
    Raises: NamedError - as `find`; or the names are of several modules.
    """
    from rseq._emit.names import snake

    found = [one for name in names for one in (_of_module(name) if _is_module(name) else [find(name)])]
    if not found:
        raise NamedError(f"{' '.join(names)} has no sequences, routines or structures of its own")
    others = {one.module.__name__ for one in found}
    if len(others) > 1:
        raise NamedError(f"expected names of one module; got some of {', '.join(sorted(others))}")
    owners = found[0].owners if len({one.owners for one in found}) == 1 else ()
    named: dict[str, Sequence[Any, Any] | Routine[Any, Any]] = {}
    for one in found:
        own = "_".join(snake(owner) for owner in one.owners[len(owners) :])
        named |= {f"{own}_{key}" if own else key: code for key, code in one.sequences.items()}
    return Found(named, found[0].module, owners)


def _is_module(name: str) -> bool:
    return ":" not in name and _is_importable(name)


def _is_importable(name: str) -> bool:
    """Whether it is how one names a module, from the top, or a file."""
    return name.endswith(".py") or (bool(name) and not name.startswith("."))


def _of_module(name: str) -> Iterator[Found]:
    """What is made in a module: by each of its names, once."""
    module = module_of(name)
    own = [one for one in _available(module) if getattr(getattr(module, one), "__module__", None) == module.__name__]
    for one in own:
        found = find(f"{name}:{one}")
        if found.sequences:
            yield found


def sequences(name: str) -> list[Sequence[Any, Any]]:
    """The sequence that `name` means, or all those of the routine or structure that it means; see `find`.

    Raises: NamedError - as `find`, and if it is a routine that calls no sequence.
    """
    found = list(dict.fromkeys(one for code in find(name).sequences.values() for one in called(code)))
    if not found:
        raise NamedError(f"{name} calls no sequence, so it has no critical section")
    return found


def called(code: Compiled) -> Iterator[Sequence[Any, Any]]:
    """A sequence itself, or those that a routine calls."""
    if isinstance(code, Sequence):
        yield code
    for callee in code.body.callees:
        yield from called(callee)


def find(name: str) -> Found:
    """The sequence or routine that `name` means, or all those of the structure that it means.

    Raises: NamedError - there is no such module, file or name, or it is neither sequence nor structure.
    """
    module_name, _, path = name.partition(":")
    if not path or not _is_importable(module_name):
        raise NamedError(f"expected MODULE:NAME, such as rseq:Counter or shop.py:push; got {name!r}")
    module = module_of(module_name)
    thing: Any = module
    *owners, last = path.split(".")
    for owner in owners:
        thing = _part(thing, owner, name)
    found = (_sequences_of(thing, name) or {}).get(last) or _part(thing, last, name)
    if isinstance(found, (Sequence, Routine)):
        return Found({last: found}, module, tuple(owners))
    several = _sequences_of(found, name)
    if several is None:
        raise NamedError(
            f"{name} is neither a sequence or routine nor a structure; it is {reprlib.repr(found)}. "
            + _advice(found, thing)
        )
    if not several:
        raise NamedError(f"{name} is a structure without sequences")
    return Found(several, module, (*owners, last))


def _advice(found: object, beside: object) -> str:
    """What to name instead, or to do, where a name leads to something else."""
    if isinstance(found, FunctionType):
        return "Decorate it with @rseq.sequence to make it one"
    if isinstance(found, Inline):
        return "It becomes part of the sequences that call it: name one of these"
    if is_structure(type(found)):
        return f"Name its class, as in rseq:Counter; this one's is {type(found).__name__}"
    return f"There are: {', '.join(_available(beside)) or 'no sequences'}"


def _part(thing: Any, part: str, name: str) -> Any:
    """An attribute of a thing that `name` leads to."""
    try:
        return getattr(thing, part)
    except AttributeError:
        known = ", ".join(_available(thing)) or "no sequences"
        module, _, path = name.partition(":")
        raise NamedError(f"{module} has no {path}; there are: {known}") from None
    except Exception as error:  # noqa: BLE001 - whatever the user's class or module raises
        raise _failed(f"{part} of {name}", error) from None


def _sequences_of(thing: Any, name: str) -> dict[str, Sequence[Any, Any] | Routine[Any, Any]] | None:
    """The sequences of a structure, by name; None if `thing` is none."""
    if not is_structure(thing):
        return None
    try:
        return {key: code for key, code in thing._sequences().items() if isinstance(code, (Sequence, Routine))}
    except Exception as error:  # noqa: BLE001 - whatever the user's class raises
        raise _failed(f"{thing.__name__}._sequences() of {name}", error) from None


def is_structure(thing: Any) -> bool:
    """Whether it is a class that names the sequences that it is made of: a structure of ours or of the user's."""
    return isinstance(thing, type) and callable(getattr(thing, "_sequences", None))


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


def _available(thing: Any) -> list[str]:
    named: Mapping[str, object] = getattr(thing, "__dict__", {})
    if isinstance(thing, ModuleType):  # a name may have no value until it is asked for
        named = {name: getattr(thing, name, None) for name in dir(thing)}
    return sorted(name for name, value in named.items() if _is_nameable(value) and not name.startswith("_"))


def _is_nameable(value: object) -> bool:
    return isinstance(value, (Sequence, Routine)) or is_structure(value)


def module_of(name: str) -> ModuleType:
    """The module of that name, or in that file. Raises: NamedError - it cannot be imported."""
    if name.endswith(".py"):
        return _file(name)
    with _imports_from(os.getcwd()), _in_a_sentence(name):
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise NamedError(f"{name} cannot be imported: {error}{_with_colon(name)}") from None


def _with_colon(name: str) -> str:
    """What may have been meant by a name with dots, or a path without `.py`."""
    module, _, last = name.rpartition(".")
    if module in sys.modules and last in dir(sys.modules[module]):
        return f"; write {module}:{last}"
    if os.path.isfile(f"{name}.py"):
        return f"; write {name}.py"
    return ""


@once
def _file(path: str) -> ModuleType:
    """The module in a file, once: two names in it mean sequences on the same records."""
    if not os.path.isfile(path):
        raise NamedError(f"there is no file {path}")
    name = os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    known = sys.modules.setdefault(name, module)
    try:
        with _imports_from(os.path.dirname(os.path.abspath(path))), _in_a_sentence(path):
            spec.loader.exec_module(module)
    except NamedError:
        if known is module:
            sys.modules.pop(name, None)
        raise
    return module


@contextmanager
def _imports_from(folder: str) -> Iterator[None]:
    """Modules in `folder` are found first."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # the module has changed the path itself
            sys.path.remove(folder)


@contextmanager
def _in_a_sentence(name: str) -> Iterator[None]:
    """While the user's module runs: what it prints is none of the command's output, and what ends it is a sentence."""
    try:
        with stdout_aside():
            yield
    except (NamedError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the user's module raises
        raise _failed(name, error) from None


def _failed(name: str, error: BaseException) -> NamedError:
    if isinstance(error, CompileError):
        return NamedError(f"{name} does not compile:\n{error}")
    if isinstance(error, SystemExit):
        return NamedError(
            f"{name} exits when it is imported, with {error.code!r}; what only a program does belongs below "
            'if __name__ == "__main__":'
        )
    return NamedError(f"{name} raised {type(error).__name__}: {error}")
