"""An array of counters for each CPU: `shape` numbers side by side in every lane."""

from __future__ import annotations

from rseq._once import load
from rseq._percpu.checks import shape_of
from rseq._percpu.storage import parts_of, warn_of_refusals
from rseq._percpu.sums import require_adders
from rseq._structures.cell import cell, cells, sum_over_lanes
from rseq._structures.number import Holder, as_name
from rseq._structures.structure import Structure, not_set_up, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Self

    import numpy as np
    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.compiled import Compiled
    from rseq._percpu.shared.segment import Segment


class CounterArray(Holder, Structure, hot=("add",)):
    """An array of counters that any thread adds to: an exact histogram, a table of hits, a matrix of flows.

        flows = rseq.CounterArray((3, 4), rseq.i64)
        flows.add((2, 1), 10)
        flows.values()         # a NumPy array of shape (3, 4)

    `shape` is an int or a tuple, `dtype` a number of the language or what NumPy takes for one (i64 by default).
    Integers wrap around as their type does. `segment` and `name`: see `Counter`.
    Raises: ValueError - an empty or absurdly large shape. TypeError - no such dtype. `add` raises IndexError,
    TypeError and OverflowError, and then adds nothing.
    Threads: any, registered or not; after a fork, parent and child count apart, in a segment together.
    """

    __slots__ = ()
    _no_copy = "Pass its values, or make one in each process and add them up"
    _ask = "values()"
    _change = "add(index, n), or x.merge(numbers),"

    def __init__(
        self,
        shape: int | tuple[int, ...],
        dtype: object = "i64",
        *,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        if shape is None:
            raise TypeError("shape: expected an int or a tuple of ints, got None")
        type = as_name(dtype, "count in")
        form, args = cells(type), {"shape": list(shape_of(shape, "an array has at least one element")), "dtype": type}
        require_adders()
        storage, _ = storage_for(self, form, segment, name, args, shape=shape, index=index)
        set_up(self, storage, form)

    @classmethod
    def _reopened(cls, made_of: type[Self], args: dict[str, Any], segment: Segment, name: str) -> Self:
        return super()._reopened(made_of, {**args, "shape": tuple(args["shape"])}, segment, name)

    def add(self, index: int | tuple[int, ...], n: float = 1) -> None:
        """Add `n` to element `index`, an int or a tuple of ints. Any thread, any signal handler; it never waits.

        Raises: IndexError - `index` lies outside of the shape, as negative ones do. TypeError, OverflowError - not the
        right kinds of numbers. Then nothing is added.
        """
        raise not_set_up(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return cell("i64").parts

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return storage_of(self).shape

    @property
    def refused(self) -> int:
        """How many additions Numba's parallel loops have left out in this process, as their index was out of range.

        Everywhere else that is an IndexError, which threads of a parallel loop cannot raise. Threads: any thread.
        """
        return storage_of(self).refused

    def values(self) -> npt.NDArray[Any]:
        """The sums over all CPUs, as an array of the counter's shape and dtype.

        Warns: RuntimeWarning - parallel loops had to leave additions out, see `refused`.
        """
        warn_of_refusals(storage_of(self))
        return sum_over_lanes(storage_of(self))

    def snapshot(self) -> npt.NDArray[Any]:
        """`values()`, under the name by which every structure says what it has counted up to now."""
        return self.values()

    def merge(self, other: CounterArray | npt.ArrayLike) -> None:
        """Add what another array, or a snapshot of one, has counted. Both may go on counting meanwhile.

        Raises: ValueError - its shape is another one. TypeError, OverflowError - other kinds of numbers. Then nothing
        is added.
        """
        load("numpy")
        import numpy as np

        own, given = self.values(), np.asarray(other)
        if given.shape != own.shape:
            raise ValueError(f"merge() takes an array of shape {own.shape}; got one of {given.shape}")
        if not np.can_cast(given.dtype, own.dtype, "same_kind") or given.dtype == bool:
            raise TypeError(f"merge() takes an array of {own.dtype}; got one of {given.dtype}")
        _require_fit(given, own.dtype)
        for index in zip(*map(np.ndarray.tolist, given.nonzero()), strict=True):
            self.add(index if len(index) > 1 else index[0], given[index].item())

    def __getitem__(self, index: Any) -> Any:
        """The sum of an element over all CPUs, or an array of sums, as `values()[index]`. Raises: IndexError."""
        return self.values()[index]

    def __setitem__(self, index: object, value: object) -> None:
        """Raises: TypeError - always: others would add to what is replaced, and their numbers would be lost."""
        raise TypeError("the elements of a CounterArray are added to, and not set: array.add(index, n)")

    def __iter__(self) -> Iterator[Any]:
        """Of what `values()` is at this moment."""
        return iter(self.values())

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """What `np.asarray(array)` is: `values()`. Raises: ValueError - without a copy, which there always is."""
        if copy is False:
            raise ValueError("the sums over all CPUs are a new array each time: copy=False cannot be had")
        values = self.values()
        return values if dtype is None else values.astype(dtype)

    def __bool__(self) -> bool:
        """True: it is a thing, whatever it holds."""
        return True

    def per_cpu(self) -> npt.NDArray[Any]:
        """A copy of each CPU's part: one row for each CPU number, the last one is the spare lane's."""
        values: npt.NDArray[Any] = storage_of(self).per_cpu()["value"]
        return values

    def __len__(self) -> int:
        shape = storage_of(self).shape
        if not shape:
            raise TypeError("a CounterArray of shape () has no length")
        return shape[0]

    def __repr__(self) -> str:
        _, dtype, _ = parts_of(storage_of(self)).fields.places["value"]
        return f"rseq.CounterArray({storage_of(self).shape}, {dtype})"


def _require_fit(given: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raises: OverflowError - there are numbers that a `dtype` of the same kind has no room for."""
    load("numpy")
    import numpy as np

    if np.can_cast(given.dtype, dtype) or not given.size:
        return
    if dtype.kind in "iu":
        ends, info = (given.min().item(), given.max().item()), np.iinfo(dtype)
        too_large = [end for end in ends if not info.min <= end <= info.max]
    else:
        with np.errstate(over="ignore"):
            too_large = given[np.isinf(given.astype(dtype)) & ~np.isinf(given)].tolist()
    if too_large:
        raise OverflowError(f"merge() takes an array of {dtype}, which has no room for {too_large[0]}")
