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

import sys

from rseq import _quick_ctypes as ctypes
from rseq._builtins.bind import Bound, builtin, common, defer_reference_count, entry
from rseq._builtins.method import Context, Declared, Keyed, Kind, number_of
from rseq._builtins.payload import WORDS_AT, kept_by, make_payload, payload_type
from rseq._once import load, once
from rseq._percpu.storage import Where, laid_out
from rseq._quick import NamedTuple
from rseq._sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar, Self

    from rseq._arch.base import IndexMode
    from rseq._builtins.form import Form
    from rseq._language.compiled import Compiled
    from rseq._percpu.memory import Memory
    from rseq._percpu.shared.segment import Segment
    from rseq._percpu.storage import More, PerCPU


class Structure:
    """Base of the structures. `hot` names the methods that are machine code, `context` those that `with` calls.

    `known_as` is the kind's name, where there is another structure of the class's. `keyed` names the method that takes
    a key, and finds its row by itself.
    """

    __slots__ = ("__weakref__", "_payload", "_state")
    _no_copy: ClassVar[str] = "Threads use this very object"
    """What to do instead of pickling or copying a private one, if it is not made in a segment."""
    _unready: ClassVar[str] = "was made without calling __init__"
    """What is said of one that has no storage."""

    def __init_subclass__(
        cls,
        *,
        hot: tuple[str, ...] = (),
        context: Context | None = None,
        keyed: Keyed | None = None,
        known_as: str = "",
        **more: Any,
    ) -> None:
        super().__init_subclass__(**more)
        known = _kinds_of(cls)
        if hot and not known:
            _declare(cls, known_as or cls.__name__, hot, context, keyed)
        elif hot or context or keyed:
            raise TypeError(f"class {cls.__name__}: it has the hot methods of {known[0].name}, and no others")
        elif len(known) > 1:
            raise _of_two_kinds(cls, known)

    @property
    def _entered(self) -> dict[int, Any]:
        """Which threads are inside `with` blocks, of those that have no place in the payload; or which rows keys have.

        Machine code looks there (_builtins/hot.py).
        """
        return _state_of(self).entered

    @property
    def name(self) -> str | None:
        """What others find it by in its segment; None if it is private."""
        return storage_of(self).name

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

    @classmethod
    def _reopened(cls, made_of: type[Self], args: dict[str, Any], segment: Segment, name: str) -> Self:
        """One that is in a segment, made with `args`, as an object of the class `made_of`."""
        made = made_of.__new__(made_of)
        begin: Callable[..., None] = cls.__init__
        begin(made, **args, segment=segment, name=name)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        storage = storage_of(self)
        if storage.segment is not None and storage.name is not None:
            from rseq._percpu.shared.kinds import pickled

            return pickled(self, storage.segment, storage.name)
        raise TypeError(
            f"a private {type(self).__name__} cannot be pickled or copied: its memory belongs to this process. "
            f"{self._no_copy}; or make it in a segment, as in rseq.{kind_of(type(self)).name}(…, segment='shop'): then "
            'it can be handed to any process, those that are started with "spawn" and "forkserver" too'
        )


class _State(NamedTuple):
    """What an object is made of. Its payload keeps the same."""

    kind: Kind
    storage: PerCPU[Any]
    form: Form
    entered: dict[int, Any]
    notes: dict[object, Any]
    """What other code generators remember of it."""
    routines: dict[str, Callable[..., Any]]
    """By the part's name, those that somebody has asked for."""
    rows: tuple[int, ...]
    """First row and length of each array that an index is followed into."""


_payload: Sealed[object] = Sealed(Structure, "_payload")  # the first in memory; machine code reads it
_state: Sealed[_State] = Sealed(Structure, "_state")


def storage_for(
    structure: Structure,
    form: Form,
    segment: Segment | str | None,
    name: str | None,
    args: dict[str, Any],
    *,
    shape: int | tuple[int, ...] | None = None,
    index: IndexMode = "cpu_id",
    begin: Callable[..., object] | None = None,
    more: tuple[More, ...] = (),
) -> tuple[PerCPU[Any], list[Memory]]:
    """Storage for what a form's parts work on, and the memory for `more`.

    `args` are what the structure is made with, by name: numbers, texts and lists of them. In a segment, the structure
    of that name is the one that others have made with the same. `begin(lanes, *places)` writes what they begin with.
    Raises: TypeError, ValueError - no such segment or name; and as `rseq.percpu`.
    """
    where = Where(kind_of(type(structure)).name, segment, name, args)
    return laid_out(form.fields, lambda: form.record, where, shape=shape, index=index, begin=begin, more=more)


def private_storage(form: Form) -> PerCPU[Any]:
    """The same for what belongs to no structure."""
    storage, _ = laid_out(form.fields, lambda: form.record, Where("", None, None, {}))
    return storage


def bind(form: Form, part: str, storage: PerCPU[Any], title: str) -> Callable[..., Any]:
    """A builtin that runs a part on storage for the form; a part without pointers."""
    return builtin(form.part(part), memory=storage.memory, index=storage.index, shape=storage.shape, title=title)


def set_up(structure: Structure, storage: PerCPU[Any], form: Form, *reading: str, rows: tuple[int, ...] = ()) -> None:
    """Give the object its storage, for good, and its class the native methods. The hot methods are parts of `form`.

    `reading` are parts that `routine_of` will be asked for. Their machine code is loaded now, as that of hot methods:
    a process that can count can read, also when it gets no more files or executable memory.
    `rows`: first row and length of each array that an index is followed into. Whoever makes them keeps them as long.
    Raises: TypeError - it has been set up, or its class derives from two structures by now.
    """
    kind = kind_of(type(structure))
    if _payload.is_full(structure):
        raise _is_set_up(structure)
    state = _State(kind, storage, form, {}, {}, {}, rows)
    words = [kind.number, id(state.entered), *_entries(kind, storage, form), *[0] * kind.inside_words]
    words += [*storage.memory.place, *storage.shape, *rows]
    payload = make_payload(_payload_type(), words, state)
    for declared in _declared[kind.number]:
        declared.install()
    for name in reading:
        entry(form.part(name), storage.index, len(storage.shape), _title(kind, name))
    if not _state.put(structure, state):
        raise _is_set_up(structure)
    _payload.put(structure, payload)  # last: from now on, methods run
    defer_reference_count(structure)


def set_up_by_hand(structure: Structure, entries: Sequence[int], words: Sequence[int], kept: object) -> None:
    """The same for one that has no per-CPU storage: the addresses of its hot methods' code, and what that reads.

    `kept` lives as long as the object. Raises: as `set_up`.
    """
    kind = kind_of(type(structure))
    payload = make_payload(_payload_type(), [kind.number, 0, *entries, *[0] * kind.inside_words, *words], kept)
    for declared in _declared[kind.number]:
        declared.install()
    if not _payload.put(structure, payload):
        raise _is_set_up(structure)
    defer_reference_count(structure)


def storage_of(structure: Structure) -> PerCPU[Any]:
    """A structure's storage, whatever a subclass calls `storage`. Raises: TypeError - it has none yet."""
    return _state_of(structure).storage


def form_of(structure: Structure) -> Form:
    """What it is made of. Raises: TypeError - it is not set up."""
    return _state_of(structure).form


def rows_of(structure: Structure) -> tuple[int, ...]:
    """First row and length of each array that an index is followed into. Raises: TypeError - it is not set up."""
    return _state_of(structure).rows


def bound_of(structure: Structure, name: str) -> Bound:
    """What the hot method `name` is bound to. Raises: TypeError - it is not set up. KeyError - no such method."""
    kind, storage, form, *_, rows = _state_of(structure)
    return Bound(form.part(name), _title(kind, name), storage.memory, storage.index, storage.shape, (), rows)


def hot_methods(structure: Structure) -> tuple[str, ...]:
    """The names of the methods that are machine code, and not overridden by something else in the object's class.

    Raises: TypeError - the object is not set up.
    """
    kind, cls = _state_of(structure).kind, type(structure)
    declared = _declared[kind.number][: len(kind.hot)]
    return tuple(one.name for one in declared if one.is_behind(getattr(cls, one.name, None)))


def routine_of(structure: Structure, part: str) -> Callable[..., Any]:
    """A builtin that runs a part of its form that is no hot method, one of those that it was set up with for reading.

    It is bound when it is first asked for, and kept with the object.
    Raises: TypeError - the object is not set up.
    """
    state = _state_of(structure)
    made: Callable[..., Any] | None = state.routines.get(part)
    if made is None:
        made = bind(state.form, part, state.storage, _title(state.kind, part))
        made = state.routines.setdefault(part, made)
    return made


def inside(structure: Structure) -> dict[int, int]:
    """Which threads are inside of its `with` blocks: by the numbers of their states, what `threading` calls them.

    Raises: TypeError - it is not set up.
    """
    state = _state_of(structure)
    held = {thread: ident for thread, ident, _ in _places(structure, state.kind) if thread}
    return held | {thread: entry[1] for thread, entry in list(state.entered.items())}


def forget_inside(structure: Structure, but: int = 0) -> None:
    """In a forked child: the threads are not here that were inside, but the one whose state has that number."""
    state = _state_of(structure)
    for place in _places(structure, state.kind):
        if place[0] != but:
            place[:] = 0, 0, 0
    for thread in [thread for thread in state.entered if thread != but]:
        del state.entered[thread]


def _places(structure: Structure, kind: Kind) -> list[Any]:
    """The places for those inside: arrays of three words, live."""
    first = id(_payload.of(structure)) + WORDS_AT + 8 * kind.inside
    return [(ctypes.c_uint64 * 3).from_address(first + 24 * place) for place in range(kind.inside_words // 3)]


def notes_of(structure: Structure) -> dict[object, Any]:
    """What other code generators remember of it. Raises: TypeError - the object is not set up."""
    return _state_of(structure).notes


def notes_behind(words: int, kind: str) -> dict[object, Any]:
    """The same, for what converts arguments of a hot method (`Part.extended`): it knows the kind's name and `words`."""
    (known,) = (one for one in _kinds.values() if one.name == kind)
    payload = ctypes.c_void_p(words - WORDS_AT - 8 * known.storage)
    notes: dict[object, Any] = kept_by(ctypes.py_object.from_buffer(payload).value).notes
    return notes


def require_set_up(structure: Structure) -> None:
    """Raises: TypeError - it was made without calling `__init__`, and its slots are empty."""
    if not _payload.is_full(structure):
        raise not_set_up(structure)


def not_set_up(structure: Structure) -> TypeError:
    """What a hot method's declaration raises: it is called only for an object that is not set up."""
    if _payload.is_full(structure):
        return TypeError(f"this {type(structure).__name__} has no per-CPU storage: it works from Python only")
    return TypeError(f"this {type(structure).__name__} {type(structure)._unready}")


def _is_set_up(structure: Structure) -> TypeError:
    return TypeError(f"this {type(structure).__name__} has been set up; __init__ is called once")


def _state_of(structure: Structure) -> _State:
    try:
        return _state.of(structure)
    except AttributeError:
        raise not_set_up(structure) from None


def _entries(kind: Kind, storage: PerCPU[Any], form: Form) -> list[int]:
    """Where the machine code of its hot methods is, which stays for good."""
    index, shape = storage.index, storage.shape
    key = kind.number, id(form), index, len(shape)
    known = _known_entries.get(key)
    if known is None:
        found = [entry(form.part(name), index, len(shape), _title(kind, name)) for name in kind.hot]
        known = _known_entries.setdefault(key, (form, found))  # it keeps the form, whose number is in the key
    return known[1]


_known_entries: dict[tuple[int, int, str, int], tuple[Form, list[int]]] = {}


def _title(kind: Kind, name: str) -> str:
    return f"{kind.name}.{name}"


@once
def _payload_type() -> type:
    return payload_type("rseq", "Payload", common())


# ---- kinds

_kinds: dict[int, Kind] = {}
"""By the identity of the class: one that users derive may have a metaclass with a `__hash__` or `__eq__` of its own."""

_declared: dict[int, tuple[Declared, ...]] = {}
"""By the kind's number."""


def _declare(owner: type, name: str, hot: tuple[str, ...], context: Context | None, keyed: Keyed | None) -> None:
    kind = Kind(number_of(name), owner, name, hot, context, keyed)
    for before in [known for known in _kinds.values() if known.number == kind.number]:
        home = owner.__module__, owner.__qualname__
        assert home == (before.owner.__module__, before.owner.__qualname__), "two kinds have one number"
        del _kinds[id(before.owner)]  # an exception has ended the import of its module, which is imported anew
    _kinds[id(owner)] = kind
    _declared[kind.number] = tuple(Declared(kind, name, _payload.is_full) for name in kind.methods)


def declarations_of(kind: Kind) -> dict[str, Any]:
    """The methods of a kind as its class declares them."""
    return {declared.name: declared.declaration for declared in _declared[kind.number]}


def _kinds_of(cls: type) -> list[Kind]:
    return [_kinds[id(base)] for base in cls.__mro__ if id(base) in _kinds]


def kind_of(cls: type) -> Kind:
    """The kind of a structure's class. Raises: TypeError - it has none, or two."""
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
