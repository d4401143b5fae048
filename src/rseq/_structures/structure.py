"""What all structures share: storage that is set once, and hot methods that are machine code.

A structure declares its hot methods as Python methods, with signature and documentation, and names them where its class
begins: `class Stack(Structure, hot=("push", "pop"))`. The sequences and routines behind them are what it sets its
objects up with. When the first object is made, native methods take the place of the declarations (_builtins/method.py).
A subclass may override them; `with` goes on to call the machine code, so who overrides what it calls overrides
`__enter__` and `__exit__` as well.

An object is of one kind, that of the class that declares hot methods, and carries the kind's number. Nothing that a
subclass has attributes for, or that can be assigned to, changes what machine code reads of it. So this module asks
objects through `_payload` and `_state`, and structures ask through `storage_of` and `bound_of`: an attribute
`storage` may be a subclass's own.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, NamedTuple, NoReturn

from rseq._builtins.bind import Bound, defer_reference_count, entry
from rseq._builtins.method import Context, Declared, Kind
from rseq._builtins.payload import make_payload, payload_type
from rseq._language.ir import Compiled
from rseq._once import load, once
from rseq._percpu.storage import PerCPU
from rseq._sealed import Sealed

__all__ = ["Structure", "bound_of", "home_of", "hot_methods", "notes_of", "set_up", "shipped", "storage_of"]


class Structure:
    """Base of the structures. `hot` names the methods that are machine code, `context` those that `with` calls."""

    __slots__ = ("__weakref__", "_payload", "_state")
    _no_copy: ClassVar[str] = "Threads use this very object; made in an rseq.Segment, forked processes do too"
    """What to do instead of pickling or copying a private one."""

    def __init_subclass__(cls, *, hot: tuple[str, ...] = (), context: Context | None = None, **more: Any) -> None:
        super().__init_subclass__(**more)
        known = _kinds_of(cls)
        if hot and not known:
            _declare(cls, hot, context)
        elif hot or context:
            raise TypeError(f"class {cls.__name__}: it has the hot methods of {known[0].name}, and no others")
        elif len(known) > 1:
            raise _of_two_kinds(cls, known)

    @property
    def _entered(self) -> dict[int, Any]:
        """Which threads are inside `with` blocks (_builtins/hot.py)."""
        return _state_of(self).entered

    @property
    def storage(self) -> PerCPU[Any]:
        """The per-CPU storage, for your own sequences on it."""
        return storage_of(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """What `rseq check` and `rseq emit` mean by the class: its sequences and routines, for small sizes, by name."""
        raise NotImplementedError(f"{cls.__name__} does not name its sequences")

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks an object whose type it does not know, if it has not loaded its extensions yet."""
        load("rseq.numba")
        return sys.modules["rseq.numba"].StructureType.of(self)

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        if storage_of(self).segment is not None:
            raise TypeError(
                f"a shared {name} cannot be pickled or copied: processes forked after it was made have "
                "it already. Let them inherit it"
            )
        raise TypeError(
            f"a private {name} cannot be pickled or copied: its memory belongs to this process. {self._no_copy}"
        )


class _State(NamedTuple):
    """What an object is made of. Its payload keeps the same."""

    kind: Kind
    storage: PerCPU[Any]
    codes: Mapping[str, Compiled]
    entered: dict[int, Any]
    notes: dict[object, Any]
    """What other code generators remember of it."""


_payload: Sealed[object] = Sealed(Structure, "_payload")  # the first in memory; machine code reads it
_state: Sealed[_State] = Sealed(Structure, "_state")


def set_up(structure: Structure, storage: PerCPU[Any], codes: Mapping[str, Compiled]) -> None:
    """Give the object its storage, for good, and its class the native methods.

    Raises: TypeError - it has been set up, or its class derives from two structures by now.
    """
    kind = _kind_of(type(structure))
    if _payload.is_full(structure):
        raise _is_set_up(structure)
    state = _State(kind, storage, {name: codes[name] for name in kind.hot}, {}, {})
    words = [kind.number, id(state.entered), *_entries(state), *storage.memory.place, *storage.shape]
    payload = make_payload(_payload_type(), words, state)
    for declared in _declared[kind.number]:
        declared.install()
    if not _state.put(structure, state):
        raise _is_set_up(structure)
    _payload.put(structure, payload)  # last: from now on, methods run
    defer_reference_count(structure)


def storage_of(structure: Structure) -> PerCPU[Any]:
    """A structure's storage, whatever a subclass calls `storage`. Raises: TypeError - it has none yet."""
    return _state_of(structure).storage


def bound_of(structure: Structure, name: str) -> Bound:
    """What the hot method `name` is bound to. Raises: TypeError - it is not set up. KeyError - no such method."""
    kind, storage, codes, *_ = _state_of(structure)
    return Bound(codes[name], _title(kind, name), storage.memory, storage.index, storage.shape, ())


def hot_methods(structure: Structure) -> tuple[str, ...]:
    """The names of the methods that are machine code, and not overridden by something else in the object's class.

    Raises: TypeError - the object is not set up.
    """
    kind, cls = _state_of(structure).kind, type(structure)
    declared = _declared[kind.number][: len(kind.hot)]
    return tuple(one.name for one in declared if one.is_behind(getattr(cls, one.name, None)))


def notes_of(structure: Structure) -> dict[object, Any]:
    """What other code generators remember of it. Raises: TypeError - the object is not set up."""
    return _state_of(structure).notes


def require_set_up(structure: Structure) -> None:
    """Raises: TypeError - it was made without calling `__init__`, and its slots are empty."""
    if not _payload.is_full(structure):
        raise not_set_up(structure)


def not_set_up(structure: Structure) -> TypeError:
    """What a hot method's declaration raises: it is called only for an object that is not set up."""
    return TypeError(f"this {type(structure).__name__} was made without calling __init__")


def _is_set_up(structure: Structure) -> TypeError:
    return TypeError(f"this {type(structure).__name__} has been set up; __init__ is called once")


def _state_of(structure: Structure) -> _State:
    try:
        return _state.of(structure)
    except AttributeError:
        raise not_set_up(structure) from None


def _entries(state: _State) -> Iterator[int]:
    kind, storage, codes, *_ = state
    for name in kind.hot:
        yield entry(codes[name], storage.index, len(storage.shape), _title(kind, name))


def _title(kind: Kind, name: str) -> str:
    return f"{kind.name}.{name}"


@once
def _payload_type() -> type:
    from rseq._builtins.common import entries

    return payload_type("rseq", "Payload", entries())


# ---- kinds

_kinds: dict[int, Kind] = {}
"""By the identity of the class: one that users derive may have a metaclass with a `__hash__` or `__eq__` of its own."""

_declared: dict[int, tuple[Declared, ...]] = {}
"""By the kind's number."""


def _declare(owner: type, hot: tuple[str, ...], context: Context | None) -> None:
    kind = Kind(len(_kinds) + 1, owner, owner.__name__, hot, context)
    names = (*hot, *(("__enter__", "__exit__") if context is not None else ()))
    _kinds[id(owner)] = kind
    _declared[kind.number] = tuple(
        Declared(owner, name, partial(_function, kind, name), _payload.is_full) for name in names
    )


def _function(kind: Kind, name: str) -> tuple[int, int]:
    from rseq._builtins.hot import functions

    return functions(kind)[name]


def _kinds_of(cls: type) -> list[Kind]:
    return [_kinds[id(base)] for base in cls.__mro__ if id(base) in _kinds]


def _kind_of(cls: type) -> Kind:
    known = _kinds_of(cls)
    if len(known) != 1:
        raise _of_two_kinds(cls, known) if known else TypeError(f"class {cls.__name__} is no structure of rseq")
    return known[0]


def _of_two_kinds(cls: type, known: list[Kind]) -> TypeError:
    names = " and ".join(kind.name for kind in known)
    return TypeError(
        f"class {cls.__name__}: an object is one structure, and cannot be {names}, whose machine code reads different "
        "memory; keep one of them in an attribute of the other, or both in a class of your own"
    )


def shipped() -> Iterator[type[Structure]]:
    """The package's structures: the public classes that are defined in the files of this folder."""
    folder = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(folder).__path__):
        for name, thing in vars(importlib.import_module(f"{folder}.{module.name}")).items():
            if isinstance(thing, type) and issubclass(thing, Structure) and not name.startswith("_"):
                if thing is not Structure and home_of(thing) == module.name:
                    yield thing


def home_of(structure: type[Structure]) -> str:
    """The file or the folder, of those in this one, that a shipped structure is defined in."""
    return structure.__module__.removeprefix(f"{__name__.rpartition('.')[0]}.").partition(".")[0]
