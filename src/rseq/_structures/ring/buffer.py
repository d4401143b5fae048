"""A ring buffer for each CPU: many writers, one reader at a time, in threads and in processes.

What it is for: event traces, logs, samples, a flight recorder that keeps the last moments before a failure. A `write`
takes a few instructions on the writer's own CPU, no lock and no atomic, and is there as a whole or not at all,
whoever is killed in the middle. The reader merges the CPUs by time. How records lie in memory, and why a reader never
sees a torn one, is in `layout.py`; how it reads, in `reader.py`.
"""

from __future__ import annotations

from rseq._percpu.checks import boolean, integer
from rseq._structures.numpy_layout import dtype_of, layout_of
from rseq._structures.ring.common import COMMON, write_birth
from rseq._structures.ring.kind import PARTS, SHIPPED, SMALL, Kind
from rseq._structures.ring.reader import Reader
from rseq._structures.ring.records import Event
from rseq._structures.ring.sizes import MOST_BYTES
from rseq._structures.structure import Structure, not_set_up, set_up, storage_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, Self

    import numpy as np
    import numpy.typing as npt

    from rseq._language.compiled import Compiled
    from rseq._language.types import Scalar
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.segment import Place
    from rseq._percpu.shared.segment import Segment

MIN_BYTES, MAX_BYTES = 256, 1 << 29


class RingBuffer(Structure, hot=("write",)):
    """A ring buffer for each CPU: any thread writes, one at a time reads.

        ring = rseq.RingBuffer(1 << 20)         # 1 MiB for each CPU
        ring.write(b"something happened")       # True; False if there was no room
        for event in ring.drain():              # of all CPUs, in the order of time
            print(event.cpu, event.time_ns, event.data)

    `capacity`: the bytes of each CPU's ring, headers included, at least 256; with `dtype`, how many records each holds.
    It is rounded up to a power of two, for records that are overwritten to one less. A private ring takes memory where
    it is written, one in a segment all of it at once: `ring.storage.view().nbytes`. `mode`: "drop" refuses what does
    not fit, "overwrite" keeps the newest; `lost` counts what was refused or given up. `clock`: each record has a time
    stamp, taken inside the sequence, so that those of one CPU never decrease. `dtype`: all records are this, without
    headers: a NumPy dtype, or a number of the language (`rseq.u64`, "u64"; not "i8" and "u8", which mean two things).
    `segment` and `name`: see `Counter`.
    Raises: TypeError - `capacity` is no int, `clock` no bool, or a dtype that is none, or holds Python objects, or is
    "i8" or "u8". ValueError - another mode, a capacity below 1 or absurdly large, a dtype of no bytes or of more than
    1 MiB. MemoryError - no address space or memory. OSError - "overwrite" where the system forbids membarrier.
    Threads: any, registered or not; after a fork, parent and child each go on with a copy, in a segment together.
    """

    __slots__ = ("_reads",)

    def __init__(
        self,
        capacity: int,
        mode: Literal["drop", "overwrite"] = "drop",
        clock: bool = True,
        dtype: npt.DTypeLike | Scalar | type[int] | type[float] | None = None,
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        self._begin(kind_for(capacity, mode, clock, dtype), segment, name)

    def _begin(self, kind: Kind, segment: Segment | str | None, name: str | None = None) -> None:
        def begin(lanes: Lanes, common: Place) -> None:
            lanes.write("head", kind.empty_head)
            lanes.write("tail", kind.empty_tail)
            if kind.clock:
                write_birth(common)

        args = {"capacity": kind.capacity, "mode": kind.mode, "clock": kind.clock, "dtype": kind.said_dtype}
        storage, (common,) = storage_for(self, kind.form, segment, name, args, begin=begin, more=(COMMON,))
        set_up(self, storage, kind.form)
        self._reads = Reader(storage, kind, common)

    @classmethod
    def _reopened(cls, made_of: type[Self], args: dict[str, Any], segment: Segment, name: str) -> Self:
        return super()._reopened(made_of, {**args, "dtype": dtype_of(args["dtype"])}, segment, name)

    @classmethod
    def _of(cls, kind: Kind, segment: Segment | None = None) -> Self:
        """A ring of a kind that users cannot ask for: a very small one."""
        ring = cls.__new__(cls)
        ring._begin(kind, segment)
        return ring

    @property
    def _reader(self) -> Reader:
        try:
            return self._reads
        except AttributeError:
            raise not_set_up(self) from None

    @property
    def _kind(self) -> Kind:
        return self._reader.kind

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """What writes and what reads, of small rings of some kinds."""
        codes = {name: SMALL[name].code for name in SHIPPED}
        all_parts = {name: (*code.parts, code.read, code.settle) for name, code in codes.items()}
        return {f"{part.__name__}_{name}": part for name, parts in all_parts.items() for part in parts}

    def write(self, data: Any) -> bool:
        """Put a record into this CPU's ring; False if there is no room, or if it is larger than any that fits.

        `data` is any contiguous bytes-like object. Where the `dtype` is a number, it is a number: an int, or what
        Python takes for one (`__index__`), for floats what has a `__float__`. With another `dtype` it is a bytes-like
        object of exactly `dtype.itemsize` bytes, whatever type they are of: an element of an array, or for a tuple
        `numpy.array((1.0, 2), ring.dtype)`. What is larger than `largest` returns False, and counts as lost.
        The record is there as a whole, or not at all. Any thread, any signal handler; it never waits.
        Raises: TypeError, BufferError, OverflowError - `data` is no such thing. ValueError - not of the `dtype`'s size.
        Then nothing is written, nor lost.
        """
        raise not_set_up(self)

    def drain(self) -> list[Event]:
        """Take out all that waits, on all CPUs, as a list: in the order of time, without a clock CPU by CPU.

        It is taken out when this returns: who leaves a loop over the list has the rest in the list, and it is nowhere
        else. Writers need not stop: what they write meanwhile comes with the next call. What is returned is not older
        than what an earlier call returned (for a process that writes into a segment, and threads without rseq: but for
        what was being written in the very moment).
        Raises: RuntimeError - a signal handler reads while its own thread does.
        Threads: any thread of any process; one that comes while another reads waits. It takes microseconds.
        """
        return self._reader.events(stay=False)

    def peek(self) -> list[Event]:
        """All that waits, as `drain`, and leave it there. Raises, Threads: as `drain`."""
        return self._reader.events(stay=True)

    def drain_array(self) -> npt.NDArray[Any]:
        """As `drain`, but as one structured array with the fields `cpu`, `time_ns` (if there is a clock) and `data`.

        Raises: TypeError - the ring has no `dtype`. RuntimeError - as `drain`. Threads: as `drain`.
        """
        if self._kind.dtype is None:
            raise TypeError("drain_array() is for rings of one layout: RingBuffer(capacity, dtype=…); use drain()")
        return self._reader.array()

    @property
    def lost(self) -> int:
        """How many records did not fit, on all CPUs, and how many were overwritten before they were read."""
        return self._reader.lost()

    @property
    def capacity(self) -> int:
        """Bytes of each CPU's ring; with a `dtype`, how many records each holds."""
        return self._kind.capacity

    @property
    def largest(self) -> int:
        """The bytes of the largest record: half the ring less its header, in a ring that overwrites about an eighth.

        At most 1 MiB, as it is copied in one section, and with the GIL held.
        """
        return self._kind.largest

    @property
    def mode(self) -> str:
        """Either "drop" or "overwrite"."""
        return self._kind.mode

    @property
    def clock(self) -> bool:
        """If records have time stamps."""
        return self._kind.clock

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """What all records are, if they have one layout."""
        return self._kind.dtype  # type: ignore[no-any-return]

    def __len__(self) -> int:
        """How many records wait, on all CPUs. They are counted, which takes as long as a `peek`."""
        return self._reader.count()

    def __bool__(self) -> bool:
        """True: a ring is a thing, empty or not."""
        return True

    def __repr__(self) -> str:
        what = "bytes" if self.dtype is None else f"records of {self.dtype}"
        return f"<rseq.RingBuffer of {self.capacity} {what} for each CPU, mode={self.mode!r}, clock={self.clock}>"


def kind_for(capacity: object, mode: object, clock: object, dtype: object) -> Kind:
    """What `RingBuffer` makes of its arguments. Raises: as that."""
    size = integer("capacity", capacity)
    if mode not in ("drop", "overwrite"):
        raise ValueError(f"mode: expected 'drop' or 'overwrite', got {mode!r}")
    if size < 1:
        raise ValueError(f"capacity: expected 1 or more, got {size}")
    overwrites, timed = mode == "overwrite", boolean("clock", clock)
    return _bytes_kind(size, overwrites, timed) if dtype is None else _row_kind(size, overwrites, timed, dtype)


def _bytes_kind(capacity: int, overwrites: bool, clock: bool) -> Kind:
    if capacity > MAX_BYTES:
        raise ValueError(f"capacity: expected 1 … {MAX_BYTES} bytes for each CPU, got {capacity}")
    return Kind(_power_of_two(max(capacity, MIN_BYTES)) // 4, PARTS if overwrites else 0, clock)


def _row_kind(capacity: int, overwrites: bool, clock: bool, dtype: object) -> Kind:
    layout = layout_of(dtype)
    if layout.itemsize > MOST_BYTES:
        raise ValueError(f"dtype: expected records of {MOST_BYTES} bytes at most, got {layout} of {layout.itemsize}")
    in_hand = 1 if overwrites else 0
    most = MAX_BYTES // (layout.itemsize + 8) - in_hand
    if capacity > most:
        raise ValueError(f"capacity: expected 1 … {most} records of {layout} for each CPU, got {capacity}")
    return Kind(max(_power_of_two(capacity + in_hand), 2), in_hand, clock, _item(layout), layout)


def _item(layout: np.dtype[Any]) -> str | int:
    """The number of the language that a dtype is, or its bytes."""
    from rseq._language.dtypes import as_scalar

    try:
        scalar = as_scalar(layout)
    except TypeError:
        return layout.itemsize
    return scalar.name if scalar.kind != "bool" else layout.itemsize


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
