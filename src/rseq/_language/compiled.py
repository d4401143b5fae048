"""`Compiled`: sequences and routines, what calls are made of. They may have been compiled by an earlier process."""

from __future__ import annotations

from rseq._forks import Working
from rseq._language.types import Pointer, RecordType, Scalar, Word
from rseq._once import Turn
from rseq._quick import NamedTuple, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from rseq._cache import Kept
    from rseq._language.ir import Body


class Head(NamedTuple):
    """What one has to know of a function to bind it."""

    record: RecordType
    given: tuple[Word, ...]
    """The types of its parameters."""
    result: Scalar | Pointer | None
    followed: tuple[RecordType, ...]
    """The records that an index is followed to."""


class Later(NamedTuple):
    """A function that was compiled by an earlier process, and is parsed when somebody asks what it means."""

    head: Head
    parse: Callable[[], Body]


class Compiled:
    """A function that has been parsed, typed and checked. `body` is its meaning, `kind` which contract it keeps."""

    kind: Literal["sequence", "routine"]
    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[..., Any], body: Body | Later) -> None:
        if "_meaning" in vars(self):
            raise TypeError(f"this {self.kind} has been set up; __init__ is called once")
        wrap(self, function)
        self.function = function
        self._meaning = body
        self.kept: Kept | None = None
        """Where its machine code is kept."""
        self.records: tuple[RecordType, ...] = ()
        """The records that the key of that tells apart."""

    @property
    def body(self) -> Body:
        """What it means. It cannot be replaced: machine code is made of it once, for records of its own."""
        if isinstance(self._meaning, Later):
            with Turn((id(self), "body")), Working():
                if isinstance(self._meaning, Later):
                    self._meaning = self._meaning.parse()
        return self._meaning

    @property
    def head(self) -> Head:
        """The same, as far as one must know it to bind it."""
        known = self._meaning
        if isinstance(known, Later):
            return known.head
        given, followed = (value.type for value in known.given), (rows.target for rows in known.rows)
        return Head(known.record, tuple(given), known.result, tuple(followed))

    def __call__(self, *arguments: object, **keywords: object) -> object:
        raise TypeError(
            f"{self.__name__}() runs on per-CPU storage: bind it, as in "
            f"`bound = {self.__name__}.bind(rseq.percpu({self.head.record.__name__}))`, and call `bound(…)`"
        )

    def __repr__(self) -> str:
        return f"<rseq.{self.kind} {self.__qualname__}>"

    def __reduce__(self) -> str:
        """By its name, as a function's."""
        return self.__qualname__
