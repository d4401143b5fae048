"""Storage for your own sequences: a record, or an array of them, for each CPU."""

from __future__ import annotations

from rseq._percpu.checks import one_of, product, require_bytes, require_record, shape_of
from rseq._percpu.lanes import Lanes, fields_of
from rseq._percpu.memory import Memory, allocate
from rseq._percpu.segment import Place, address_of, zeroed
from rseq._quick import Generic, NamedTuple
from rseq._sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Never, TypeVar

    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.types import Record
    from rseq._percpu.lanes import Fields
    from rseq._percpu.shared.segment import Segment

    R = TypeVar("R", bound=Record)

INDEX_MODES: tuple[IndexMode, ...] = ("cpu_id", "mm_cid")


class PerCPU(Generic["R"]):
    """A zeroed `record` for each CPU, or an array of `shape` of them: what `Sequence.bind` binds a sequence to.

        items = rseq.percpu(Items)
        put = push.bind(items)

    `index` says which number picks the lane: "cpu_id", the CPU's, or "mm_cid", the kernel's compact number of a running
    thread of this process, which keeps memory small where a few threads roam over many CPUs. All sequences bound to
    one storage use its index.

    `segment` puts the records into a shared segment, an `rseq.Segment` or its name, where `name` finds them. Without
    one, parent and child each have their own copy after a fork.

    The memory lives as long as the storage, a builtin bound to it, or an array view of it; there is nothing to close.
    What it is cannot be changed afterwards: bound sequences go where it says.
    Raises: TypeError - `record` is no record, `shape` holds no integers, or a shared record has pointers. ValueError -
    another index, "mm_cid" in a segment, an empty or absurdly large shape. MemoryError - no address space or memory.
    Threads: any thread.
    """

    __slots__ = ("__weakref__", "_parts")

    def __init__(
        self,
        record: type[R],
        shape: int | tuple[int, ...] | None = None,
        index: IndexMode = "cpu_id",
        *,
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        from rseq._percpu.pointers import is_followed, require_no_pointers

        require_record(record, "rseq.percpu(Items)")
        if segment is not None:
            require_no_pointers(record)
        fields = fields_of(record)
        fill_storage(
            self,
            fields,
            lambda: record,
            Where("percpu", segment, name, {"record": fields.name, "fields": shown_fields(record)}),
            shape=shape,
            index=index,
            writable=not is_followed(record),
        )

    @property
    def record(self) -> type[R]:
        """What a lane holds one of, or an array."""
        return parts_of(self).record

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of that array; () if there is one record."""
        return parts_of(self).shape

    @property
    def length(self) -> int:
        """How many records each lane holds: the product of `shape`."""
        return product(parts_of(self).shape)

    @property
    def index(self) -> IndexMode:
        """Which number picks the lane."""
        return parts_of(self).index

    @property
    def segment(self) -> Segment | None:
        """The shared segment that the records are in, or None."""
        return parts_of(self).segment

    @property
    def name(self) -> str | None:
        """What others find it by in its segment, or None."""
        return parts_of(self).name

    @property
    def memory(self) -> Memory:
        """What a builtin keeps alive."""
        return parts_of(self).memory

    @property
    def place(self) -> Place:
        """Where the records are, for generated code. It means something only while `memory` lives."""
        return parts_of(self).memory.place

    @property
    def refused(self) -> int:
        """How many calls Numba's parallel loops have left out, of all on this storage in this process.

        Threads that Numba made cannot raise: what an index out of range, or another refusal, ends elsewhere is counted
        here. With a call that has a result, or of a routine, the rest of the thread's part of the loop is left out,
        and counts as one. `per_cpu()`, and `values()` of an array, warn if there are any. Threads: any thread.
        """
        return parts_of(self).memory.refused

    def __getitem__(self, index: object) -> Never:
        """Raises: TypeError - always: there is a copy and a live view of the lanes to take elements of."""
        raise TypeError("per-CPU storage is not indexed itself: write storage.per_cpu()[cpu] for a copy of a lane")

    def view(self) -> npt.NDArray[Any]:
        """The records in all lanes as a live array of shape [lanes + 1, *shape]; the last row is the spare lane.

        It is read-only if the record has pointers, which sequences follow. Writing to it while bound sequences run
        loses updates, theirs or yours. Reading is safe: each aligned word is a value that was there, but two words need
        not be of one moment.
        Threads: any thread. The array keeps the memory alive.
        """
        parts = parts_of(self)
        return parts.memory.view(parts.record.dtype, parts.shape)

    def per_cpu(self, *, spare: bool = True) -> npt.NDArray[Any]:
        """A copy of the records: one row for each lane, the last one for the spare lane unless `spare` is False.

        Whoever adds the lanes up wants the spare one too: threads without rseq work there.
        Threads: any thread, while sequences run. As with `view`, the words of the copy need not be of one moment.
        """
        warn_of_refusals(self)
        view = self.view()
        return (view if spare else view[:-1]).copy()

    def __repr__(self) -> str:
        shape = f", shape={self.shape}" if self.shape else ""
        index = f", index={self.index!r}" if self.index != "cpu_id" else ""
        segment = f", segment={self.segment!r}" if self.segment is not None else ""
        return f"rseq.percpu({parts_of(self).fields.name}{shape}{index}{segment})"

    def __reduce__(self) -> tuple[Any, ...]:
        segment, name = self.segment, self.name
        if segment is not None and name is not None:
            from rseq._percpu.shared.kinds import state_of

            if self.record.__module__.startswith("rseq."):
                raise TypeError("a structure's storage cannot be pickled or copied by itself; pass the structure")
            return _reopened, (type(self), self.record, self.shape, segment, name), state_of(self)
        raise TypeError(
            "private per-CPU storage cannot be pickled or copied: its memory belongs to one process. Make it in a "
            "segment, as in rseq.percpu(…, segment='shop'), or pass the values that per_cpu() returns"
        )


class Parts:
    """What storage is."""

    __slots__ = ("_record", "fields", "index", "memory", "name", "segment", "shape")

    def __init__(
        self,
        record: Callable[[], type[Any]],
        fields: Fields,
        shape: tuple[int, ...],
        index: IndexMode,
        segment: Segment | None,
        name: str | None,
        memory: Memory,
    ) -> None:
        self._record, self.fields, self.shape = record, fields, shape
        self.index, self.segment, self.name, self.memory = index, segment, name, memory

    @property
    def record(self) -> type[Any]:
        """What the lanes hold. That of a structure is made when somebody asks for it."""
        return self._record()


_parts: Sealed[Parts] = Sealed(PerCPU, "_parts")


def parts_of(storage: object, said: str = "expected storage made by rseq.percpu(…)") -> Parts:
    """What `storage` is, whatever it claims. Raises: TypeError - no storage; `said` is how its text begins."""
    try:
        return _parts.of(storage)
    except (AttributeError, TypeError):
        shown = object.__repr__(storage) if issubclass(type(storage), PerCPU) else repr(storage)
        raise TypeError(f"{said}; got {shown}") from None


def warn_of_refusals(storage: PerCPU[Any]) -> None:
    """Warn whoever reads, the caller's caller, if parallel loops have left calls out."""
    if refused := parts_of(storage).memory.refused:
        import warnings

        text = f"calls that parallel loops left out: {refused} (an index out of range, or another refusal); these "
        text += "numbers are without them, and, behind a call with a result, without the rest of its thread's part"
        warnings.warn(f"{text}; see `refused`", RuntimeWarning, stacklevel=3)


class Where:
    """Where a structure lies: privately, or in a segment, of which kind it is there and what it is made with."""

    __slots__ = ("args", "kind", "name", "segment")

    def __init__(self, kind: str, segment: Segment | str | None, name: str | None, args: dict[str, Any]) -> None:
        """Raises: TypeError, ValueError - no such segment or name; and as `Segment`."""
        self.kind, self.args = kind, args
        self.segment: Segment | None = None
        self.name: str | None = None
        if segment is not None or name is not None:
            from rseq._percpu.shared.kinds import own_name
            from rseq._percpu.shared.segment import segment_of

            self.name = own_name(segment, name)
            self.segment = segment_of(segment)


class More(NamedTuple):
    """Memory that a structure has beside its storage."""

    nbytes: int
    alignment: int = 8
    is_plain: bool = False
    """Not per CPU: its place has one lane, the spare one."""


def laid_out(
    fields: Fields,
    record: Callable[[], type[Any]],
    where: Where,
    *,
    shape: int | tuple[int, ...] | None = None,
    index: IndexMode = "cpu_id",
    begin: Callable[..., object] | None = None,
    more: tuple[More, ...] = (),
) -> tuple[PerCPU[Any], list[Memory]]:
    """Storage for a record without pointers whose fields are known, and which is made when somebody asks for it.

    `begin(lanes, *places)` writes what the lanes begin with, and the memory for `more`, which is returned as well. Of
    those that share all this, one does it.
    """
    made: PerCPU[Any] = PerCPU.__new__(PerCPU)
    return made, fill_storage(made, fields, record, where, shape=shape, index=index, begin=begin, more=more)


def storage_on(
    memory: Memory, fields: Fields, record: Callable[[], type[Any]], segment: Segment, name: str
) -> PerCPU[Any]:
    """Storage for a record in memory of a segment that is there: what the structure `name` has."""
    made: PerCPU[Any] = PerCPU.__new__(PerCPU)
    _parts.put(made, Parts(record, fields, (), "cpu_id", segment, name, memory))
    return made


def lanes_of(storage: PerCPU[Any]) -> Lanes:
    """The records of storage that holds one in each lane, for plain Python. Keep the storage as long."""
    parts = parts_of(storage)
    return Lanes(parts.fields, parts.memory.place)


def fill_storage(
    storage: PerCPU[Any],
    fields: Fields,
    record: Callable[[], type[Any]],
    where: Where,
    *,
    shape: int | tuple[int, ...] | None,
    index: IndexMode,
    begin: Callable[..., object] | None = None,
    more: tuple[More, ...] = (),
    writable: bool = True,
) -> list[Memory]:
    """Give storage its memory, for good; that for `more`. Raises: TypeError - it has some."""
    index = one_of("index", index, INDEX_MODES)
    segment = where.segment
    if segment is not None and index == "mm_cid":
        raise ValueError(
            "index: a shared segment has lanes by 'cpu_id'; 'mm_cid' numbers the threads of one process, so threads of "
            "two would be in one lane at the same time"
        )
    lengths = shape_of(shape)
    nbytes = product(lengths) * fields.size
    require_bytes(nbytes, f"a lane of shape {lengths} of {fields.name}")
    wanted = (More(nbytes, fields.alignment), *more)
    if segment is None:
        name, memories = None, [_private(one, writable=writable) for one in wanted]
        if begin is not None:
            begin(Lanes(fields, memories[0].place), *(memory.place for memory in memories[1:]))
    else:
        name, memories = _in_segment(segment, where, fields, lengths, wanted, begin, writable=writable)
    if not _parts.put(storage, Parts(record, fields, lengths, index, segment, name, memories[0])):
        raise TypeError("this storage has been set up; __init__ is called once")
    return memories[1:]


def _private(wanted: More, *, writable: bool) -> Memory:
    nbytes, alignment, is_plain = wanted
    if not is_plain:
        return allocate(nbytes, alignment, writable=writable)
    mapping = zeroed(nbytes)
    return Memory(Place(address_of(mapping), nbytes, lanes=0, lock=0), nbytes, mapping, writable=writable)


def _in_segment(
    segment: Segment,
    where: Where,
    fields: Fields,
    shape: tuple[int, ...],
    wanted: tuple[More, ...],
    begin: Callable[..., object] | None,
    *,
    writable: bool,
) -> tuple[str, list[Memory]]:
    from rseq._percpu.shared.extents import Wanted
    from rseq._percpu.shared.kinds import in_segment

    def write(places: list[Place]) -> None:
        if begin is not None:
            begin(Lanes(fields, places[0]), *places[1:])

    args = {**where.args, "shape": list(shape)} if where.kind == "percpu" else where.args
    asked = [Wanted(*one) for one in wanted]
    return in_segment(segment, where.name, where.kind, args, fields[1:], asked, write, writable=writable)


def _reopened(
    cls: type[PerCPU[Any]], record: type[Any], shape: tuple[int, ...], segment: Segment, name: str
) -> PerCPU[Any]:
    """Storage that was pickled."""
    storage = cls.__new__(cls)
    PerCPU.__init__(storage, record, shape or None, segment=segment, name=name)
    return storage


def shown_fields(record: type[Record]) -> dict[str, str]:
    """The fields of a record, for those who read a segment's directory; and where they are, if it has records in it."""
    has_parts = any(hasattr(part.type, "parts") for part in record.parts.values())
    fields = record.fields.items()
    return {name: f"{field.type!r}{f'@{field.offset}' if has_parts else ''}" for name, field in fields}
