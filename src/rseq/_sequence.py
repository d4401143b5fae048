"""Sequences and routines: what `@rseq.sequence` and `@rseq.routine` make of a function."""

from __future__ import annotations

from rseq import _cache as cache
from rseq._language.compiled import Compiled, Head, Later
from rseq._language.inline import Inline
from rseq._language.outside import Outside, Said
from rseq._language.types import Index, Maybe, Numbers, Pointer, RecordType, resolve
from rseq._quick import Generic, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as Several
    from typing import Any, Concatenate, ParamSpec, TypeVar, overload

    from rseq._arch import Architecture
    from rseq._arch.base import IndexMode
    from rseq._language import ir
    from rseq._language.signature import Signature
    from rseq._percpu.rows import RowArray, Rows
    from rseq._percpu.storage import Parts, PerCPU

    P = ParamSpec("P")
    R = TypeVar("R")
    S = TypeVar("S", "Sequence[..., Any]", "Routine[..., Any]")

MAX_INDEX = (1 << 32) - 1
"""The most rows of an array that an `index[T]` counts in: as a u32, None is less than the first row by one."""

MAX_PARAMETERS = 255
"""The most that a builtin takes. Its code is as long as they are many, and LLVM takes seconds for hundreds."""


class _Bindable(Compiled, Generic["P", "R"]):
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
        from rseq._percpu.storage import parts_of

        self._require_few_parameters()
        parts = parts_of(storage, f"{self.__name__}.bind() takes storage made by rseq.percpu(…)")
        said = f"{self.__name__}.bind() takes arrays made by rseq.array(…)"
        pairs = _pairs(arrays, said)
        self._require_fitting(parts, pairs)
        head = self.head
        fitting = [self._fitting(pointer, pairs) for pointer in head.given if isinstance(pointer, Pointer)]
        result = head.result
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
            rows=[self._fitting(Index(record), pairs) for record in head.followed],
        )

    def _require_few_parameters(self) -> None:
        if len(self.head.given) > MAX_PARAMETERS:
            raise TypeError(
                f"{self.__name__}() has {len(self.head.given)} parameters after the first, and a builtin takes up to "
                f"{MAX_PARAMETERS}; pass many numbers as a buffer (bytes) or as a row of an rseq.array"
            )

    def _require_fitting(self, storage: Parts, arrays: list[tuple[Rows, RowArray[Any]]]) -> None:
        record = self.head.record
        if storage.record is not record:
            wanted, got = record.__name__, storage.record.__name__
            raise TypeError(f"{self.__name__}() works on {wanted}; this storage holds {got}")
        stored = [field.type for field in record.fields.values()]
        by_number = any(isinstance(getattr(type, "element", type), Index) for type in stored)
        if by_number and any(rows.segment is not storage.segment for rows, _ in arrays):
            raise TypeError(
                f"{self.__name__}.bind(): {record.__name__} holds numbers of rows, so the storage and the "
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


def _pairs(arrays: tuple[RowArray[Any], ...], said: str) -> list[tuple[Rows, RowArray[Any]]]:
    """What each array is, and itself. Raises: TypeError - one is none; `said` is how its text begins."""
    if not arrays:
        return []
    from rseq._percpu.rows import rows_of

    return [(rows_of(array, said), array) for array in arrays]


class Sequence(_Bindable["P", "R"]):
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
        from rseq import _arch
        from rseq._language.section import section

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


class Routine(_Bindable["P", "R"]):
    """Work around sequences: loops, decisions, several sequences in a row. Made by `@rseq.routine`.

    A routine is not atomic as a whole: each sequence that it calls is, and between two of them the thread may be
    moved to another CPU.
    """

    kind = "routine"


def _this_machine() -> Architecture:
    from rseq import _arch

    architecture = _arch.host()
    if architecture is None:
        raise ValueError(f"this machine's architecture has no code generator; name one of {', '.join(_arch.names())}")
    return architecture


def architectures(names: tuple[str, ...]) -> list[Architecture]:
    """Those that are named, "all", or this machine's."""
    from rseq import _arch

    wanted = _arch.names() if "all" in names else names
    return [_arch.get(name) for name in dict.fromkeys(wanted)] or [_this_machine()]


if TYPE_CHECKING:

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
        return _made(Sequence, function, {"release": release, "acquire": acquire, "may_alias": may_alias})

    return decorate if function is None else decorate(function)


def routine(function: Callable[Concatenate[Any, P], R], /) -> Routine[P, R]:
    """Decorator: compile a function that calls sequences on the same storage.

    The same language as a sequence's, and `while`. It does not touch the lane itself.
    Raises: CompileError - the language does not accept it. TypeError - no source text can be found.
    """
    made: Any = _made(Routine, function, {"routine": True})
    return made  # type: ignore[no-any-return]


def inline(function: Callable[P, R], /) -> Inline[P, R]:
    """Decorator: a function that sequences, routines and other inline functions call; it becomes a part of them.

    Its parameters are numbers, `ptr[T]` or `index[T]`, after the record if it needs that (pass `cpu`). Its statements
    are looked at where it is called: there a constant that is passed is a constant, and may be a loop's bound.
    One that takes numbers only can be called from Python too, and computes there what it would compute.

    Raises: CompileError - the signature is not accepted. TypeError - no source text can be found.
    """
    said = _said(function)
    key = None if said is None else said.key
    known = None if key is None else cache.find(key)
    if known is not None:
        made: Inline[P, R] = Inline(function, partial(_signature, function, said), _standalone)
    else:
        made = Inline(function, _signature(function), _standalone)
        known = None if said is None or key is None else _begun(key, said, {})
    made.said = None if known is None else said
    return made


# ---- what an earlier process has compiled


def _made(kind: type[S], function: Callable[..., Any], how: dict[str, bool]) -> S:
    """A sequence or a routine, parsed unless an earlier process has parsed the same.

    Raises: CompileError, TypeError - see `sequence`.
    """
    said = _said(function)
    outside = None if said is None else Outside(said, f"{kind.kind} {sorted(how.items())}")
    known = None if outside is None or outside.key is None else cache.find(outside.key)
    head = None if outside is None or known is None else _head(outside, known)
    if head is not None:
        made = kind(function, Later(head, partial(_parsed, function, how, outside)))
    else:
        made = kind(function, _parsed(function, how))
        known = None if outside is None or outside.key is None else _begun_for(outside.key, outside, made)
    if outside is not None:
        made.kept, made.records = known, tuple(outside.records)
    return made


def _said(function: object) -> Said | None:
    return None if cache.folder() is None else Said.of(function)


def _parsed(function: Callable[..., Any], how: dict[str, bool], outside: Outside | None = None) -> ir.Body:
    """What the function means, or meant at that moment."""
    from rseq._language import contract
    from rseq._language.parser.parse import parse
    from rseq._language.source import read

    source = None if outside is None else read(function, outside.said, outside)
    return contract.require(parse(function, source=source, **how), routine="routine" in how)


def _signature(function: Callable[..., Any], said: Said | None = None) -> Signature:
    from rseq._language.parser.parse import inline_signature
    from rseq._language.source import read

    return inline_signature(read(function, said))


def _standalone(made: Inline[..., Any], values: Several[ir.Operand]) -> ir.Body:
    from rseq._language.parser.parse import standalone

    return standalone(made, values)


def _head(outside: Outside, known: cache.Kept) -> Head | None:
    """What one has to know to bind it; None if the entry does not fit it."""
    said = outside.said
    code, types = said.function.__code__, said.annotations
    named: list[Any] = [resolve(types.get(name)) for name in code.co_varnames[: code.co_argcount]]
    result: Any = resolve(types.get("return"))
    try:
        followed = tuple(outside.records[number] for number in known.contents["followed"])
    except (LookupError, TypeError):
        return None
    first = result.types[0] if isinstance(result, Numbers) else result.type if isinstance(result, Maybe) else result
    return Head(named[0], tuple(named[1:]), first, followed)


def _begun_for(key: str, outside: Outside, made: Compiled) -> cache.Kept | None:
    """A new entry for it, without machine code as yet."""
    records = [id(record) for record in outside.records]
    followed = [id(record) for record in made.head.followed]
    if not set(followed) <= set(records):
        return None
    return _begun(key, outside.said, {"followed": [records.index(record) for record in followed]})


def _begun(key: str, said: Said, contents: dict[str, Any]) -> cache.Kept | None:
    """A new entry; None if the function is not known as a whole."""
    from rseq._language.source import read

    source = read(said.function)
    if not said.is_whole(source.text, source.tree):
        return None
    kept = cache.Kept(key, contents)
    kept.write()
    return kept
