"""Hot methods of structures: method descriptors that jump to the machine code made for the very object.

A structure's objects carry a payload, as a builtin's `self` does, in a slot that no name leads to:

    number of the kind | dict | entry of method 0, entry of method 1, … | places | base, stride, lanes, lock, …
                hot.py's     machine code for this object's storage      hot.py's   what that code reads (builtin.py)

The dict is what `with` remembers in (`Context`), or what finds the rows of keys (`Keyed`).

The descriptor's function (hot.py) is the same for all objects of a kind: it loads the payload, sees that the object is
of that kind, whatever its class says by now, and jumps to the entry with the payload's last part in place of `self`. So
`counter.add(1)` is an ordinary method call, which every version of CPython has made fast, where a builtin stored in an
attribute is not (3.11 takes twice as long to find it).

Machine code is made when the first object is. Until then the method is a Python function (`Declared`), which hands
over to machine code whenever it is called. So whoever has kept it, such as a test that replaced it by a mock and puts
it back, has a method that works.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._builtins.payload import METH_FASTCALL_KEYWORDS, method_def, placed
from rseq._once import once
from rseq._quick import NamedTuple, cache, like
from rseq._ready import ready
from rseq._shipped import bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_METH_NOARGS, _METH_FASTCALL = 0x0004, 0x0080  # methodobject.h


PLACES = 8
"""How many threads at most are inside of an object's `with` blocks without anybody asking a dict. A power of two."""


class Context(NamedTuple):
    """What `with` does with a structure. `take` and `give_back` are hot methods; the second gets the first's result.

    Their machine code is called, whatever a subclass has put in their place.
    """

    take: str
    give_back: str
    outside: str
    """What a thread is told that leaves a block which it is not in."""
    gives: bool = True
    """Whether the result is what `as` names; else that is None."""


class Keyed(NamedTuple):
    """A method that takes a key, looks it up in the object's dict, and calls a hot method with what it finds there.

    Keys that machine code looks up are exact str, int and bytes objects, and tuples of these: what is equal to one of
    them, and is looked up too, is the same key. It runs no code of other classes.
    """

    method: str
    """The method: `method(key, n=…)`."""
    hot: str
    """The hot method that is called with the row in place of the key."""
    other: str
    """The Python method that is called instead where the dict has no such key, or the arguments are unusual."""


class Kind(NamedTuple):
    """What the package has declared of a structure."""

    number: int
    """What its objects' payloads begin with: `number_of` its name."""
    owner: type
    name: str
    hot: tuple[str, ...]
    """The methods that are machine code."""
    context: Context | None
    keyed: Keyed | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """All that are machine code, those that `with` calls and the one that takes keys too."""
        of_with = ("__enter__", "__exit__") if self.context is not None else ()
        return (*self.hot, *of_with, *((self.keyed.method,) if self.keyed is not None else ()))

    def function(self, name: str) -> tuple[int, int]:
        """The address of a method's function, and how it is called. Raises: UnsupportedError, OSError."""
        how = {"__enter__": _METH_NOARGS, "__exit__": _METH_FASTCALL}.get(name, METH_FASTCALL_KEYWORDS)
        return ready(f"methods {self.name}", "rseq._builtins.hot", self).entries[name], how

    def text(self, name: str, declaration: Any) -> str:
        """What CPython shows of the method that `declaration` declares."""
        known = bundle(f"texts {self.name}")
        if known is not None:
            return str(known[name])
        from rseq._builtins.texts import texts_of
        from rseq._cache import remembered

        return str(remembered(f"text {self.name}.{name}", lambda: texts_of({name: declaration})[name]))

    def entry(self, name: str) -> int:
        """Which word of a payload is the entry of a hot method."""
        return 2 + self.hot.index(name)

    @property
    def inside(self) -> int:
        """Which word of a payload is the first of those that say who is inside of a `with`."""
        return 2 + len(self.hot)

    @property
    def inside_words(self) -> int:
        """How many these are: three for each place, see hot.py."""
        return 3 * PLACES if self.context is not None else 0

    @property
    def storage(self) -> int:
        """Which word of a payload is the first of the storage's."""
        return self.inside + self.inside_words


class Declared:
    """The method `owner.name` before there is machine code for it, and from then on."""

    def __init__(self, kind: Kind, name: str, is_ready: Callable[[Any], bool]):
        """`is_ready(thing)`: if it has a payload."""
        owner = self._owner = kind.owner
        self._kind, self.name = kind, name
        self.declaration: Callable[..., Any] = vars(owner)[name]
        self._native: Any = None
        self._function = self._deferring(is_ready)
        setattr(owner, name, self._function)

    def install(self) -> Any:
        """The native method, made by now. It is what the class has, unless somebody has put another thing there."""
        native = self._native = self._native or self._made()
        if vars(self._owner).get(self.name) is self._function:
            setattr(self._owner, self.name, native)
        return native

    def is_behind(self, found: object) -> bool:
        """Whether it is what `found`, an attribute of the class, is."""
        return found is self._function or found is self._native

    def _deferring(self, is_ready: Callable[[Any], bool]) -> Callable[..., Any]:
        def method(thing: Any, /, *arguments: Any, **keywords: Any) -> Any:
            if not issubclass(type(thing), self._owner):
                raise TypeError(
                    f"descriptor {self.name!r} for {self._owner.__name__!r} objects doesn't apply to a "
                    f"{type(thing).__name__!r} object"
                )
            if not is_ready(thing):
                return self.declaration(thing, *arguments, **keywords)  # which says so
            return self.install()(thing, *arguments, **keywords)

        return like(self.declaration, method)

    @once
    def _made(self) -> Any:
        address, flags = self._kind.function(self.name)
        return descriptor(self._owner, self.name, address, self._kind.text(self.name, self.declaration), flags)


def descriptor(owner: type, name: str, function: int, text: str, flags: int) -> Any:
    """A method descriptor for objects of `owner` whose machine code is at `function`. It is never freed."""
    return _new_descriptor()(owner, placed(method_def(name.encode(), function, flags, text.encode())))


def number_of(name: str) -> int:
    """The number of the kind of that name: the same in every process, whatever was imported before."""
    number = 0
    for byte in name.encode():
        number = (31 * number + byte) & 0x7FFFFFFF
    return number


@cache
def _new_descriptor() -> Any:
    new = ctypes.pythonapi["PyDescr_NewMethod"]
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.py_object, ctypes.c_void_p]
    return new


def thread_state() -> int:
    """The number of the calling thread's state, which no later thread of the interpreter has again."""
    get, number_of = _thread_state_functions()
    return int(number_of(get()))


@cache
def _thread_state_functions() -> tuple[Any, Any]:
    get, number_of = ctypes.pythonapi["PyThreadState_Get"], ctypes.pythonapi["PyThreadState_GetID"]
    get.restype, number_of.argtypes, number_of.restype = ctypes.c_void_p, [ctypes.c_void_p], ctypes.c_uint64
    return get, number_of
