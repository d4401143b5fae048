"""Sequences and routines: what `@rseq.sequence` and `@rseq.routine` make of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from rseq import _arch
from rseq._arch.base import IndexMode
from rseq._language import contract
from rseq._language.inline import Inline
from rseq._language.ir import Compiled
from rseq._language.parser.parse import inline as _inline
from rseq._language.parser.parse import parse
from rseq._language.section import section
from rseq._language.types import Index, Pointer, RecordType

if TYPE_CHECKING:
    from rseq._percpu.rows import RowArray, Rows
    from rseq._percpu.storage import Parts, PerCPU

MAX_INDEX = (1 << 32) - 1
"""The most rows of an array that an `index[T]` counts in: as a u32, None is less than the first row by one."""

MAX_PARAMETERS = 255
"""The most that a builtin takes. Its code is as long as they are many, and LLVM takes seconds for hundreds."""

P = ParamSpec("P")
R = TypeVar("R")


class _Bindable(Compiled, Generic[P, R]):
    """What sequences and routines have in common: they are bound to storage, and then called."""

    def bind(self, storage: PerCPU[Any], *arrays: RowArray[Any], title: str | None = None) -> Callable[P, R]:
        """A builtin function that runs this on `storage`: call it with the parameters after the first.

        Where the storage is an array of records, the builtin takes the index first: an int, or a tuple of ints.
        `arrays` hold the rows for each ptr[T] and index[T], one array for each T; the storage keeps them alive.
        `title` is the name in messages, in profiles and of the builtin: "Owner.method".

        The builtin raises TypeError, OverflowError or IndexError for arguments that do not fit, before anything is
        touched. It may be called from any thread, registered or not, and lives on its own: it keeps the memory alive.

        Raises: TypeError - `storage` holds another record, or an array for a pointer is missing. RuntimeError - this
        machine's architecture has no code generator. OSError - the system refuses executable memory.
        """
        from rseq._builtins.bind import builtin
        from rseq._percpu.rows import rows_of
        from rseq._percpu.storage import parts_of

        self._require_few_parameters()
        parts = parts_of(storage, f"{self.__name__}.bind() takes storage made by rseq.percpu(…)")
        said = f"{self.__name__}.bind() takes arrays made by rseq.array(…)"
        pairs = [(rows_of(array, said), array) for array in arrays]
        self._require_fitting(parts, pairs)
        pointers = [value.type for value in self.body.given if isinstance(value.type, Pointer)]
        fitting = [self._fitting(pointer, pairs) for pointer in pointers]
        result = self.body.result
        for rows, array in pairs:
            parts.memory.keep(array)  # a lane may hold the address of a row,
            rows.keep(parts.memory)  # and a row that of another array's row, which this memory keeps
        return builtin(
            self,
            memory=parts.memory,
            index=parts.index,
            shape=parts.shape,
            title=title or self.__name__,
            arrays=[(rows.address, rows.address + rows.length * rows.record.size, array) for rows, array in fitting],
            result_array=self._fitting(result, pairs)[1] if isinstance(result, Pointer) else None,
            rows=[self._fitting(Index(rows.target), pairs) for rows in self.body.rows],
        )

    def _require_few_parameters(self) -> None:
        if len(self.body.given) > MAX_PARAMETERS:
            raise TypeError(
                f"{self.__name__}() has {len(self.body.given)} parameters after the first, and a builtin takes up to "
                f"{MAX_PARAMETERS}; pass many numbers as a buffer (bytes) or as a row of an rseq.array"
            )

    def _require_fitting(self, storage: Parts, arrays: list[tuple[Rows, RowArray[Any]]]) -> None:
        if storage.record is not self.body.record:
            wanted, got = self.body.record.__name__, storage.record.__name__
            raise TypeError(f"{self.__name__}() works on {wanted}; this storage holds {got}")
        stored = [field.type for field in self.body.record.fields.values()]
        by_number = any(isinstance(getattr(type, "element", type), Index) for type in stored)
        if by_number and any(rows.segment is not storage.segment for rows, _ in arrays):
            raise TypeError(
                f"{self.__name__}.bind(): {self.body.record.__name__} holds numbers of rows, so the storage and the "
                "rows belong to the same processes: rseq.percpu(…, segment=segment) goes with "
                "rseq.array(…, segment=segment), and without a segment both are this process's"
            )

    def _fitting(self, pointer: Pointer, arrays: list[tuple[Rows, RowArray[Any]]]) -> tuple[Rows, RowArray[Any]]:
        fitting = [pair for pair in arrays if pair[0].record is pointer.target]
        if not isinstance(pointer.target, RecordType):
            raise TypeError(f"{self.__name__}() takes a {pointer!r}; from Python a pointer is a row, so use a record")
        if len(fitting) != 1:
            name = pointer.target.__name__
            raise TypeError(
                f"{self.__name__}() has a {pointer!r}, so it is bound with one array of that record, as in "
                f"{self.__name__}.bind(storage, rseq.array({name}, 100)); got {len(fitting)}"
            )
        rows, array = fitting[0]
        if isinstance(pointer, Index) and rows.length > MAX_INDEX:
            raise ValueError(f"an {pointer!r} counts up to {MAX_INDEX} rows; {array!r} has more")
        return rows, array

    @property
    def ir(self) -> str:
        """What the function means, as pseudo-code."""
        return str(self.body)


class Sequence(_Bindable[P, R]):
    """A restartable sequence: a function on one CPU's record that happens as a whole, or starts again.

    Made by `@rseq.sequence`. `bind` it to storage to call it from Python; inside `@njit` functions and in a
    `@rseq.routine` a bound sequence, or the sequence itself, is inlined.
    """

    kind = "sequence"

    def asm(self, arch: str | None = None, *, index: IndexMode = "cpu_id") -> str:
        """The critical section in assembly, commented with the operation that each line comes from.

        `arch` names an architecture (this machine's by default), `index` the number that chooses the lane.
        Raises: ValueError - no such architecture, or the sequence needs more registers than it has.
        """
        architecture = _arch.get(arch) if arch is not None else _this_machine()
        return str(architecture.assemble(section(self.body), index))

    def emit(self, *arch: str, language: str = "c", prefix: str | None = None) -> str:
        """The sequence as a C header that needs nothing else, for each architecture named, "all", or this machine's.

        The names that it defines begin with `prefix`, by default the name of the sequence's module.
        Raises: ValueError - no such architecture or language, the sequence needs more registers than there are, or no C
        name begins with `prefix`.
        """
        from rseq._emit import c_header, default_prefix

        if language != "c":
            raise ValueError(f"a sequence is emitted as language 'c'; got {language!r}")
        if prefix is None:
            prefix = default_prefix(self.function.__module__, self.function.__code__.co_filename)
        return c_header({self.__name__: self}, architectures(arch), prefix, name=self.__name__)


class Routine(_Bindable[P, R]):
    """Work around sequences: loops, decisions, several sequences in a row. Made by `@rseq.routine`.

    A routine is not atomic as a whole: each sequence that it calls is, and between two of them the thread may be
    moved to another CPU.
    """

    kind = "routine"


def _this_machine() -> _arch.Architecture:
    architecture = _arch.host()
    if architecture is None:
        raise ValueError(f"this machine's architecture has no code generator; name one of {', '.join(_arch.names())}")
    return architecture


def architectures(names: tuple[str, ...]) -> list[_arch.Architecture]:
    """Those that are named, "all", or this machine's."""
    wanted = _arch.names() if "all" in names else names
    return [_arch.get(name) for name in dict.fromkeys(wanted)] or [_this_machine()]


@overload
def sequence(function: Callable[Concatenate[Any, P], R], /) -> Sequence[P, R]: ...


@overload
def sequence(
    *, release: bool = False, acquire: bool = False, may_alias: bool = False
) -> Callable[[Callable[Concatenate[Any, P], R]], Sequence[P, R]]: ...


def sequence(
    function: Callable[..., Any] | None = None,
    /,
    *,
    release: bool = False,
    acquire: bool = False,
    may_alias: bool = False,
) -> Any:
    """Decorator: compile a function on one CPU's record into a restartable sequence.

    Its first parameter is the record in this CPU's lane (a `rseq.Record` subclass), the others are numbers or `ptr[T]`.
    `release` makes the commit a release store, for data that another CPU reads; `acquire` orders the sequence's loads
    before what follows it. Two pointer parameters are two rows where that matters, which is checked before the section
    (ValueError); with `may_alias` they may be one, and the sequence has to be right then, too.

    Raises: CompileError - the language does not accept it. ContractError - it would break when restarted. Both are
    SyntaxErrors, and say everything that is wrong at once. TypeError - no source text can be found.
    """

    def decorate(function: Callable[..., Any]) -> Sequence[..., Any]:
        body = parse(function, release=release, acquire=acquire, may_alias=may_alias)
        return Sequence(function, contract.require(body))

    return decorate if function is None else decorate(function)


def routine(function: Callable[Concatenate[Any, P], R], /) -> Routine[P, R]:
    """Decorator: compile a function that calls sequences on the same storage.

    The same language as a sequence's, and `while`. It does not touch the lane itself.
    Raises: CompileError - the language does not accept it. TypeError - no source text can be found.
    """
    return Routine(function, contract.require(parse(function, routine=True), routine=True))


def inline(function: Callable[P, R], /) -> Inline[P, R]:
    """Decorator: a function that sequences, routines and other inline functions call; it becomes a part of them.

    Its parameters are numbers, `ptr[T]` or `index[T]`, after the record if it needs that (pass `cpu`). Its statements
    are looked at where it is called: there a constant that is passed is a constant, and may be a loop's bound.
    One that takes numbers only can be called from Python too, and computes there what it would compute.

    Raises: CompileError - the signature is not accepted. TypeError - no source text can be found.
    """
    made: Any = _inline(function)
    return cast("Inline[P, R]", made)
