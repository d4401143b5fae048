"""What all structures share: storage that is set once, and hot methods that are machine code.

A structure declares its hot methods as Python methods, with signature and documentation; the
sequences and routines behind them are what `sequences()` returns. When the first object is made,
native methods take the place of the declarations (native/method.py). A subclass may override them; `with` goes on to
call the machine code, so who overrides what it calls overrides `__enter__` and `__exit__` as well.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn

from ..language.compiled import Compiled
from ..native.bind import Bound, defer_reference_count, structure_payload
from ..native.method import Context, install
from ..percpu.storage import PerCPU

__all__ = ["Structure", "shipped"]


class Structure:
    """Base of the structures. `hot` names the methods that are machine code, `context` those that `with` calls."""

    __slots__ = ("__weakref__", "_payload", "_storage")
    hot: ClassVar[tuple[str, ...]]
    _no_copy: ClassVar[str] = "Threads use this very object; made in an rseq.Segment, forked processes do too"
    """What to do instead of pickling or copying a private one."""
    context: ClassVar[Context | None] = None

    def _set_up(self, storage: PerCPU[Any], codes: Mapping[str, Compiled]) -> None:
        """Give the object its storage, for good, and its class the native methods."""
        if _is_set_up(self):
            raise TypeError(f"this {type(self).__name__} has been set up; __init__ is called once")
        owners = [_owner(type(self), name) for name in self.hot]
        titles = [f"{owner.__name__}.{name}" for owner, name in zip(owners, self.hot, strict=True)]
        entered: dict[int, Any] = {}
        payload = structure_payload(
            [codes[name] for name in self.hot],
            titles,
            memory=storage.memory,
            index=storage.index,
            shape=storage.shape,
            more=() if self.context is None else (id(entered),),
        )
        for position, (owner, name) in enumerate(zip(owners, self.hot, strict=True)):
            install(owner, name, position, len(self.hot))
        if self.context is not None:
            self._install_context(self.context, len(self.hot) + len(storage.memory.place) + len(storage.shape))
        _storage.__set__(self, (storage, dict(codes), entered))
        _payload.__set__(self, payload)  # last: from now on, methods run
        defer_reference_count(self)

    def _install_context(self, context: Context, dict_at: int) -> None:
        from ..native.context import install_context

        owner = next(base for base in type(self).__mro__ if "context" in vars(base))
        install_context(owner, context, self.hot, dict_at)

    @property
    def _entered(self) -> dict[int, Any]:
        """Which threads are inside `with` blocks (native/context.py)."""
        return _held(self)[2]

    @property
    def storage(self) -> PerCPU[Any]:
        """The per-CPU storage, for your own sequences on it."""
        return _held(self)[0]

    def bound(self, name: str) -> Bound:
        """What the hot method `name` is bound to, for other code generators (rseq.numba)."""
        storage, codes, _ = _held(self)
        title = f"{_owner(type(self), name).__name__}.{name}"
        return Bound(codes[name], title, storage.memory, storage.index, storage.shape, ())

    def __reduce__(self) -> NoReturn:
        if self.storage.segment is not None:
            raise TypeError(
                f"a shared {type(self).__name__} cannot be pickled or copied: processes forked after it was made have "
                "it already. Let them inherit it"
            )
        raise TypeError(
            f"a private {type(self).__name__} cannot be pickled or copied: its memory belongs to this process. "
            f"{self._no_copy}"
        )


_payload: Any = vars(Structure)["_payload"]
_storage: Any = vars(Structure)["_storage"]
for _name in ("_payload", "_storage"):
    delattr(Structure, _name)  # machine code trusts what is there, so no name leads there any more


def _held(structure: Structure) -> tuple[PerCPU[Any], dict[str, Compiled], dict[int, Any]]:
    try:
        held: tuple[PerCPU[Any], dict[str, Compiled], dict[int, Any]] = _storage.__get__(structure)
    except AttributeError:
        raise not_set_up(structure) from None
    return held


def _is_set_up(structure: Structure) -> bool:
    try:
        _payload.__get__(structure)
    except AttributeError:
        return False
    return True


def require_set_up(structure: Structure) -> None:
    """Raises: TypeError - it was made without calling `__init__`, and its slots are empty."""
    if not _is_set_up(structure):
        raise not_set_up(structure)


def not_set_up(structure: Structure) -> TypeError:
    """What a hot method's declaration raises: it is called only before there is any object that is set up."""
    return TypeError(f"this {type(structure).__name__} was made without calling __init__")


def _owner(cls: type, name: str) -> type:
    """The structure's class that declares the hot method `name`, below what users derive from it."""
    return next(base for base in cls.__mro__ if name in vars(base) and name in vars(base).get("hot", ()))


def shipped() -> Iterator[type[Structure]]:
    """The package's structures: the public classes that are defined in the files of this folder."""
    folder = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(folder).__path__):
        for name, thing in vars(importlib.import_module(f"{folder}.{module.name}")).items():
            if isinstance(thing, type) and issubclass(thing, Structure) and _is_public(name, thing):
                yield thing


def _is_public(name: str, structure: type[Structure]) -> bool:
    return not name.startswith("_") and hasattr(structure, "sequences")
