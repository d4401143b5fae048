"""Storage for your own sequences: a record, or an array of them, for each CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

from rseq.arch.base import IndexMode
from rseq.language.types import Record
from rseq.percpu.checks import product, require_bytes, require_record, shape_of
from rseq.percpu.memory import allocate
from rseq.percpu.rows import guarded

if TYPE_CHECKING:
    import numpy.typing as npt

    from rseq.percpu.segment import Place

R = TypeVar("R", bound=Record)


class PerCPU(Generic[R]):
    """A zeroed `record` for each CPU, or an array of `shape` of them: what `Sequence.bind` binds a sequence to.

        items = rseq.percpu(Items)
        put = push.bind(items)

    `index` says which number picks the lane: "cpu_id", the CPU's, or "mm_cid", the kernel's compact number of a running
    thread of this process, which keeps memory small where a few threads roam over many CPUs. All sequences bound to
    one storage use its index.

    The memory lives as long as the storage, a builtin bound to it, or an array view of it; there is nothing to close.
    After a fork, parent and child each have their own copy.
    Raises: TypeError - `record` is no record, or `shape` holds no integers. ValueError - another index, an empty or
    absurdly large shape. MemoryError - no address space left.
    Threads: any thread.
    """

    def __init__(
        self, record: type[R], shape: int | tuple[int, ...] | None = None, index: IndexMode = "cpu_id"
    ) -> None:
        require_record(record, "rseq.percpu(Items)")
        if index not in ("cpu_id", "mm_cid"):
            raise ValueError(f"index: expected 'cpu_id' or 'mm_cid', got {index!r}")
        self.record: Final = record
        self.shape: Final = shape_of(shape)
        self.length: Final = product(self.shape)
        """How many records each lane holds: the product of `shape`."""
        self.index: Final[IndexMode] = index
        require_bytes(self.length * record.size, f"a lane of shape {self.shape} of {record.__name__}")
        self.memory: Final = allocate(self.length * record.size, record.alignment)
        """What a builtin keeps alive."""

    @property
    def place(self) -> Place:
        """Where the records are, for generated code. It means something only while `memory` lives."""
        return self.memory.place

    def view(self) -> npt.NDArray[Any]:
        """The records in all lanes as a live array of shape [lanes + 1, *shape]; the last row is the spare lane.

        It is read-only if the record has pointers, which sequences follow. Writing to it while bound sequences run
        loses updates, theirs or yours. Reading is safe: each aligned word is a value that was there, but two words need
        not be of one moment.
        Threads: any thread. The array keeps the memory alive.
        """
        return guarded(self.memory.view(self.record.dtype, self.shape), self.record)

    def per_cpu(self, *, spare: bool = True) -> npt.NDArray[Any]:
        """A copy of the records: one row for each lane, the last one for the spare lane unless `spare` is False.

        Whoever adds the lanes up wants the spare one too: threads without rseq work there.
        Threads: any thread, while sequences run. As with `view`, the words of the copy need not be of one moment.
        """
        view = self.view()
        return (view if spare else view[:-1]).copy()

    def __repr__(self) -> str:
        shape = f", shape={self.shape}" if self.shape else ""
        index = f", index={self.index!r}" if self.index != "cpu_id" else ""
        return f"rseq.percpu({self.record.__name__}{shape}{index})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "private per-CPU storage cannot be pickled or copied: its memory belongs to one process. Make storage in "
            "the other process, or pass the values that per_cpu() returns"
        )
