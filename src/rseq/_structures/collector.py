"""What many threads have found, in one array: each appends to its own CPU's part, and the parts are joined at the end.

    lane 0                                   lane 1                …  spare lane
    | limit | count | refused | slots … |    | limit | count | …
                                ^^^^^^ `count` of them are filled

`append` writes the slot behind the filled ones, which nobody reads yet, and commits by storing `count`. A reader loads
`count`, and then the slots below it, which never change again. Where a part is full, `refused` is committed instead.

The array of slots is as long as the next power of two, so that few lengths are ever compiled; `limit` is the
capacity that was asked for. It is written when the collector is made, and never again.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._builtins.form import Form
from rseq._once import load
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.checks import integer
from rseq._percpu.storage import lanes_of
from rseq._quick import cache, partial
from rseq._structures.number import as_name
from rseq._structures.structure import Structure, not_set_up, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.shared.segment import Segment

MAX_CAPACITY = 1 << 26
"""The largest capacity: up to 512 MiB in each lane, of which only what has been filled takes memory."""


@cache
def collector(type: str, length: int) -> Form:
    """The form of collectors of such numbers with arrays of that length, a power of two."""
    return Form(f"collector {type} {length}", partial(_parse, type, length))


def _parse(type: str, length: int) -> Mapping[str, Compiled]:
    from rseq._language.types import SCALARS
    from rseq._structures.collector_code import appender

    return {"append": appender(SCALARS[type], length)}


class Collector(Structure, hot=("append",)):
    """Numbers that many threads append, in no particular order: what a parallel loop has found.

        hits = rseq.Collector(rseq.i64, capacity=1_000_000)
        hits.append(42)        # True; False if this CPU's part is full
        hits.array()           # array([42])

    `dtype` is a number of the language or what NumPy takes for one. `capacity` is how many each CPU can take: a loop
    that may run on one CPU needs room there for all that it finds. Memory is taken where numbers are, not before.
    Inside `@njit` functions `append` is inlined. `segment` and `name`: see `Counter`; in a segment a collector takes
    all of its memory at once.
    Raises: TypeError - no such dtype, or `capacity` is no int. ValueError - it is below 1 or absurdly large.
    Threads: any, registered or not; after a fork, parent and child each have what there was, and in a segment share
    it.
    """

    __slots__ = ()
    _no_copy = "Pass its `array()`"

    def __init__(
        self,
        dtype: object,
        capacity: int,
        *,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        type, limit = as_name(dtype, "collect"), integer("capacity", capacity)
        if not 1 <= limit <= MAX_CAPACITY:
            raise ValueError(f"capacity: expected 1 … {MAX_CAPACITY} numbers for each CPU, got {limit}")
        form = collector(type, 1 << (limit - 1).bit_length())

        def begin(lanes: Lanes) -> None:
            lanes.write("limit", limit)

        args = {"dtype": type, "capacity": limit}
        storage, _ = storage_for(self, form, segment, name, args, index=index, begin=begin)
        set_up(self, storage, form)

    def append(self, x: float) -> bool:
        """Append `x` to this CPU's part; False, and it is counted as refused, if that is full.

        Any thread, any signal handler; it never waits.
        Raises: TypeError, OverflowError - `x` is no number of the type; then nothing is appended or counted.
        """
        raise not_set_up(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        """As compiled for 4 slots of i64."""
        return collector("i64", 4).parts

    @property
    def capacity(self) -> int:
        """How many numbers each CPU can take."""
        limit = int(lanes_of(storage_of(self)).read("limit")[0])
        return min(limit, MAX_CAPACITY)  # another process may have written over it

    @property
    def refused(self) -> int:
        """How many numbers found their CPU's part full, and are in no array."""
        return sum(lanes_of(storage_of(self)).read("refused"))

    def array(self) -> npt.NDArray[Any]:
        """What has been appended up to now, as a new array: the parts of all CPUs one behind the other.

        Those of one CPU are in the order in which they came. Of what is appended meanwhile, any part may be in it.
        Warns: RuntimeWarning - some were refused, see `refused`.
        """
        load("numpy")
        import numpy as np

        refused = self.refused
        if refused:
            from warnings import warn

            warn(
                f"{refused} numbers are missing: their CPU's part was full. Make it with a larger capacity, which is "
                f"{self.capacity} for each CPU now",
                RuntimeWarning,
                stacklevel=2,
            )
        slots = storage_of(self).view()["slots"]
        return np.concatenate([slots[lane, :count] for lane, count in enumerate(self._counts())])

    def _counts(self) -> list[int]:
        """How many each lane has, which may be read: the slots are loaded after them."""
        lanes, most = lanes_of(storage_of(self)), self.capacity
        counts = [min(count, most) for count in lanes.read("count")]
        word = ctypes.c_uint64()
        compare_exchange(ctypes.addressof(word), 0, 0)  # a barrier
        return counts

    def __len__(self) -> int:
        """How many numbers have been appended."""
        return sum(self._counts())

    def __bool__(self) -> bool:
        """True: a collector is a thing, empty or not."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Of what `array()` is at this moment."""
        return iter(self.array())

    def __repr__(self) -> str:
        return f"<rseq.Collector of {self.capacity} for each CPU, {len(self)} numbers>"
