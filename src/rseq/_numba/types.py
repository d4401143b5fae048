"""The types of structures and of bound sequences: what Numba knows of them, and by what its cache tells them apart."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from numba.core import errors, types
from numba.core.types import containers
from numba.core.typing import signature
from numba.np.numpy_support import from_dtype

from rseq._arch.base import IndexMode
from rseq._builtins.arguments import parameter_names
from rseq._codegen.environment import Lane
from rseq._language.compiled import Compiled
from rseq._language.types import Buffer, Pointer, Scalar
from rseq._numba.digests import code_of, digest, digest_of_all
from rseq._structures.pool import Pool, arrays_of
from rseq._structures.structure import Structure, bound_of, hot_methods, notes_of, storage_of
from rseq._thread.registration import lanes_offset


@cache
def _has_lanes(index: IndexMode) -> bool:
    """Whether code may pick lanes by `index` in this process; if not, all of it runs on the spare lane."""
    return lanes_offset(index) is not None


class Storage(types.Type):
    """A place of per-CPU memory, with the number of dimensions of its array of records.

    `name` is what messages show; types are told apart by what their machine code depends on.
    """

    rows = 0
    """How many arrays there are that an index is followed into."""

    def __init__(self, name: str, digest: str, index: IndexMode, dimensions: int) -> None:
        self.index: IndexMode = index
        self.dimensions = dimensions
        self.has_lanes = _has_lanes(index)
        self.digest = digest
        traits = [f"{dimensions}d"] if dimensions else []
        traits += [index] if index != "cpu_id" else []
        super().__init__(f"{name}[{', '.join(traits)}]" if traits else name)
        self.mark = f"{self.name}, machine code {digest}, {dimensions} dimensions, by {index}, {self.has_lanes}"

    @property
    def key(self) -> str:
        """What equality and Numba's cache compare."""
        return self.mark

    @property
    def mangling_args(self) -> tuple[str, tuple[()]]:
        """What symbols are called."""
        return f"{self.name}.{self.digest}{'' if self.has_lanes else '.spare'}", ()


class StructureType(Storage):
    """The type of a structure; `methods` are the digests and titles of its hot methods.

    `items` is the type of the array of all items, of a pool of arrays.
    """

    ndim = 0
    """Numba asks for it before it asks whether what is indexed is an array (parfor.py, _find_mask)."""

    def __init__(
        self,
        kind: str,
        index: IndexMode,
        dimensions: int,
        methods: Mapping[str, tuple[str, str]],
        items: types.Array | None = None,
    ) -> None:
        self.methods, self.items = dict(methods), items
        self.rows = max((len(code_of[own].body.rows) for own, _ in methods.values()), default=0)
        digest = digest_of_all([*sorted(methods.items()), *([str(items)] if items else [])])
        of = f" of {items.dtype}, {items.ndim - 1}d" if items else ""
        super().__init__(f"rseq.{kind}{of}", digest, index, dimensions)

    @classmethod
    def of(cls, thing: Structure) -> StructureType:
        """The type of a structure."""
        hot, notes = hot_methods(thing), notes_of(thing)
        known = cls, type(thing).__name__, hot  # a class, and its methods, may be replaced
        if known not in notes:
            bound = {name: bound_of(thing, name) for name in hot}
            methods = {name: (digest(one.code), one.title) for name, one in bound.items()}
            storage = storage_of(thing)
            items = items_type(thing) if isinstance(thing, Pool) else None
            notes[known] = cls(type(thing).__name__, storage.index, len(storage.shape), methods, items)
        made: StructureType = notes[known]
        return made


class BoundSequenceType(Storage, types.Callable):
    """The type of a sequence or routine bound to storage: callable with its parameters, the index first."""

    def __init__(self, digest: str, title: str, index: IndexMode, dimensions: int) -> None:
        self.title = title
        super().__init__(f"rseq.bound {title}", digest, index, dimensions)
        self.rows = len(self.code.body.rows)

    @property
    def code(self) -> Compiled:
        """The sequence or routine."""
        return code_of[self.digest]

    def get_call_type(self, context: Any, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        """Numba's signature for a call with these argument types."""
        wanted = self._parameter_types()
        pysig = self._pysig(list(wanted))
        try:
            given = pysig.bind(*args, **kws)
        except TypeError as error:
            raise errors.TypingError(f"{self.title}{pysig}: {error}") from None
        for name, type in given.arguments.items():
            if isinstance(wanted[name], Buffer):
                wanted[name] = self._buffer_type(name, type, wanted[name])
            else:
                self._check_type(context, name, type, wanted[name])
        results = [self._numba_type(result) for result in self.code.body.results]
        returns = containers.Tuple(results) if len(results) > 1 else (results or [types.none])[0]
        if self.code.body.maybe:
            returns = types.misc.Optional(returns)
        return signature(returns, *wanted.values(), recvr=self).replace(pysig=pysig)

    def _pysig(self, names: Sequence[str]) -> inspect.Signature:
        kind, defaults = inspect.Parameter.POSITIONAL_OR_KEYWORD, self.code.body.defaults
        empty = inspect.Parameter.empty
        return inspect.Signature([inspect.Parameter(name, kind, default=defaults.get(name, empty)) for name in names])

    def _parameter_types(self) -> dict[str, Any]:
        index = types.intp if self.dimensions == 1 else containers.UniTuple(types.intp, self.dimensions)
        wanted = [index] if self.dimensions else []
        wanted += [self._numba_type(value.type) for value in self.code.body.given]
        return dict(zip(parameter_names(self.code, self.dimensions), wanted, strict=True))

    def _buffer_type(self, name: str, given: Any, wanted: Buffer) -> Any:
        """A buffer parameter takes what Numba knows as contiguous memory: arrays, bytes, memoryviews; and records."""
        is_buffer = isinstance(given, types.common.Buffer) and given.layout == "C"
        if isinstance(given, types.Record):
            return given
        if not is_buffer or (wanted.writable and not given.mutable):
            kind = "a writable contiguous array" if wanted.writable else "a contiguous array or bytes, or a record"
            raise errors.TypingError(f"{self.title}(): {name} is {kind}, got {given}")
        return given

    def _numba_type(self, type: Scalar | Pointer | Buffer) -> Any:
        if isinstance(type, Buffer):
            return type
        if isinstance(type, Pointer):
            raise errors.TypingError(
                f"{self.title}() has a {type!r}, which is not available inside Numba; call it from Python"
            )
        names = {"i": "int", "u": "uint", "f": "float"}
        return types.boolean if type.kind == "bool" else getattr(types, names[type.name[0]] + type.name[1:])

    def _check_type(self, context: Any, name: str, given: Any, wanted: Any) -> None:
        parts = list(zip(given, wanted, strict=False)) if _is_tuple_of(given, wanted) else [(given, wanted)]
        for have, want in parts:
            narrows = isinstance(have, types.Float) and not isinstance(want, types.Float)
            narrows |= isinstance(have, types.Number) and isinstance(want, types.Boolean)
            if narrows or context.can_convert(have, want) is None:
                raise errors.TypingError(f"{self.title}(): {name} is {_called(wanted)}, got {given}; convert it first")

    def get_call_signatures(self) -> tuple[list[Any], bool]:
        """The one signature."""
        return [], True

    def get_impl_key(self, sig: Any) -> type:
        """One implementation serves all bound sequences."""
        return BoundSequenceType


def _is_tuple_of(given: Any, wanted: Any) -> bool:
    return (
        isinstance(given, containers.BaseTuple)
        and isinstance(wanted, containers.UniTuple)
        and len(given) == wanted.count
    )


def _called(type: Any) -> str:
    return f"a tuple of {type.count} {type.dtype}" if isinstance(type, containers.UniTuple) else str(type)


def items_type(pool: Pool) -> types.Array | None:
    """The type of the array of a pool's items; None if they are bytes, or nothing that Numba knows."""
    array = arrays_of(pool)
    try:
        return None if array is None else types.Array(from_dtype(array.dtype), array.ndim, "A")
    except errors.NumbaNotImplementedError:
        return None


def names_of(type: Storage) -> list[str]:
    """The words of a value, each by its name."""
    lengths = [f"length{axis}" for axis in range(type.dimensions)]
    return [*Lane._fields, "owner", "refused", *lengths, *row_names(type)]


def row_names(type: Storage) -> list[str]:
    """What the arrays that an index is followed into are called: first row and length of each."""
    return [f"{what}{number}" for number in range(type.rows) for what in ("rows", "rows_length")]
