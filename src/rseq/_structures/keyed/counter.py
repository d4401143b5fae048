"""Counts by key: a row of numbers for each key, and an append-only log of the keys (log.py).

    lane 0                             lane 1                             …  spare lane
    | overflow | key 0 | key 1 | … |   | overflow | key 0 | key 1 | … |

Each process remembers in a dict which row a key has. Machine code looks there and adds, as a `CounterArray` does
(_builtins/hot.py). Whoever does not find a key there reads what others have appended to the log since, and then appends
it. What is counted under a key that the log has no room for goes to row 0: it is known how much that is.

In the dict is each key that was read from the log, and never another row for it; so whoever reads the log at the same
time, in another thread, writes the same. `_read` says up to where it was read, or less. Without the GIL, threads that
look at one object write to its count: keys and rows are immortal there, and looking them up writes nowhere.
"""

from __future__ import annotations

from _operator import index as as_int
from _operator import itemgetter

from rseq._builtins.bind import keep_for_ever
from rseq._builtins.form import Form
from rseq._builtins.method import Keyed
from rseq._percpu.checks import integer
from rseq._percpu.storage import More
from rseq._percpu.sums import require_adders, sums_of
from rseq._quick import cache
from rseq._structures.keyed.keys import packed, plain
from rseq._structures.keyed.log import Log, log_bytes
from rseq._structures.structure import Structure, bind, not_set_up, require_set_up, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import collections
    from collections.abc import Iterator, Mapping
    from typing import Any

    from rseq._language.compiled import Compiled
    from rseq._percpu.shared.segment import Segment
    from rseq._structures.keyed.keys import Key

MOST_BYTES = 1 << 32
"""The largest log of keys."""


@cache
def keyed() -> Form:
    """The form of rows that are added to."""
    return Form("keyed", _parse)


def _parse() -> Mapping[str, Compiled]:
    from rseq._language.types import SCALARS
    from rseq._structures.cell_code import adder

    return {"add_row": adder(SCALARS["i64"])}


class KeyedCounter(Structure, hot=("add_row",), keyed=Keyed("add", "add_row", "_add_other")):
    """Counts by key, like `collections.Counter`, by many threads and processes at once.

        hits = rseq.KeyedCounter(1000)
        hits.add("GET /")
        hits.add(("GET", 200), 3)
        hits["GET /"]              # 1; 0 if there is no such key
        hits.most_common(10)       # [(("GET", 200), 3), ("GET /", 1)]

    A key is a str, bytes, an int, or a tuple of keys. Equal keys are one, as in a dict. A bool or a float is refused:
    a dict would take True and 1.0 for 1. `capacity` is how many keys there may be, and `key_bytes` how many bytes they
    hold on average. What is counted under further keys is counted in `overflow`, and nothing is lost. A key stays as
    long as the counter does. Counts wrap around at 64 bits.
    `segment` and `name`: see `Counter`. Inside `@njit` functions `add_row` is inlined; `row_of` gives the rows.
    Raises: TypeError - `capacity` or `key_bytes` is no int. ValueError - below 1 or absurdly large. MemoryError - no
    room. SegmentError, also when counting and reading - another process has damaged the keys.
    Threads: any, registered or not; after a fork, parent and child count apart, in a segment together.
    """

    __slots__ = ("_log", "_put", "_read", "_size")
    _no_copy = "Pass its items, or make one in each process and merge them"

    def __init__(
        self,
        capacity: int,
        *,
        key_bytes: int = 64,
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        count, size = integer("capacity", capacity), integer("key_bytes", key_bytes)
        if count < 1 or size < 1:
            raise ValueError(f"capacity, key_bytes: expected 1 or more, got {count} and {size}")
        nbytes = log_bytes(count, size)
        if nbytes > MOST_BYTES:
            raise ValueError(
                f"{count} keys of {size} bytes on average take {nbytes} bytes; the most is {MOST_BYTES}: ask for "
                "fewer keys, or for shorter ones"
            )
        form, args = keyed(), {"capacity": count, "key_bytes": size}
        require_adders()
        more = (More(nbytes, 64, is_plain=True),)
        storage, (memory,) = storage_for(self, form, segment, name, args, shape=count + 1, more=more)
        set_up(self, storage, form)
        said = "a private KeyedCounter" if storage.name is None else f"{storage.name!r} in {storage.segment!r}"
        self._log = Log(memory.buffer(), count, said)
        self._put = bind(form, "add_row", storage, "KeyedCounter.add")
        self._size = count, size
        self._read = 0

    # ---- counting

    def add(self, key: Key, n: int = 1) -> None:
        """Count `n` more under `key`. Any thread, any signal handler; it never waits.

        A key that is known to this process costs a look-up and a call of machine code; one that is new to it a look at
        the log. What is counted under a key for which there is no room is counted in `overflow`.
        Raises: TypeError - no key, or `n` is no int. OverflowError - `n` is no i64. ValueError - tuples in tuples more
        than 32 deep. Then nothing is added.
        """
        raise not_set_up(self)

    def add_row(self, row: int, n: int = 1) -> None:
        """Count `n` more in a row, for code that knows it from `row_of`. Any thread, any signal handler; never waits.

        Raises: IndexError - no row from 0 to `capacity`. TypeError, OverflowError - not the right kinds of numbers.
        Then nothing is added.
        """
        raise not_set_up(self)

    def row_of(self, key: Key) -> int:
        """The row in which `key` is counted, from 1 on. It is added if there is room; otherwise 0, the overflow's.

        The row is the same in all processes, as long as the counter exists. Any thread, any signal handler.
        Raises: TypeError, ValueError - as `add`.
        """
        known, wanted = self._rows, plain(key)
        row = known.get(wanted)
        return self._appended(wanted) if row is None else row

    def _add_other(self, key: Key, n: int = 1) -> None:
        """`add` where machine code does not find the key, or what is given is unusual."""
        amount = _amount("KeyedCounter.add(): n", n)
        self._put(KeyedCounter.row_of(self, key), amount)

    _add_other.__qualname__ = "KeyedCounter.add"  # what Python calls it in sentences about arguments

    def merge(self, other: KeyedCounter | Mapping[Any, int]) -> None:
        """Add what another one, or a snapshot of one, has counted, its overflow too. Both may go on counting meanwhile.

        Any mapping of keys to ints is taken, such as a `collections.Counter`; what it has under None is overflow.
        Raises: TypeError, ValueError, OverflowError - it is none. Then nothing is added.
        """
        require_set_up(self)
        counted = KeyedCounter.snapshot(other) if isinstance(other, KeyedCounter) else other
        if not hasattr(counted, "items"):
            raise TypeError(f"merge() takes an rseq.KeyedCounter, or a mapping of keys to ints; got {other!r}")
        wanted = [(None if key is None else plain(key), _amount("merge(): a count", n)) for key, n in counted.items()]
        for key, n in wanted:
            self._put(0 if key is None else KeyedCounter.row_of(self, key), n)

    # ---- the log

    @property
    def _rows(self) -> dict[Any, int]:
        """Which row a key has, by all keys that this process has seen. Raises: TypeError - not set up."""
        return self._entered

    def _appended(self, key: Key) -> int:
        """The row of a key, which others may have appended, or is appended now; 0 if there is no room."""
        known, log, place = self._rows, self._log, 0
        while True:
            number = self._caught_up()
            row = known.get(key)
            if row is not None or number == log.capacity:
                return row or 0
            place = place or log.write(packed(key))
            if not place:
                return 0
            log.commit(number, place)  # whoever was first, it is read now

    def _caught_up(self) -> int:
        """Read what others have appended; how many keys there are. All that are below are in the dict then."""
        known, log, number = self._rows, self._log, self._read
        while number < log.capacity:
            key = log.read(number)
            if key is None:
                break
            number += 1
            keep_for_ever(key)
            keep_for_ever(number)
            if known.setdefault(key, number) != number:
                raise log.damaged(f"keys {known[key] - 1} and {number - 1} are the same")
        self._read = number
        return number

    # ---- reading

    def _counts(self) -> list[int]:
        """The overflow, and the count of each key that there is."""
        return sums_of(storage_of(self).place, "i64", 1 + self._caught_up())

    def _keys(self, count: int) -> list[Key]:
        """The first keys, in order."""
        keys: list[Any] = [None] * count
        for key, row in self._rows.copy().items():
            if row <= count:
                keys[row - 1] = key
        return keys

    def __getitem__(self, key: Key) -> int:
        """How much was counted under `key`; 0 if there is no such key. Raises: TypeError, ValueError - as `add`."""
        row = self._row_if_known(key)
        return 0 if row is None else self._row_sum(row)

    def __setitem__(self, key: object, n: object) -> None:
        """Raises: TypeError - always: others would add to what is replaced, and their counts would be lost."""
        raise TypeError("the counts of a KeyedCounter are added to, and not set: counter.add(key, n)")

    def __contains__(self, key: object) -> bool:
        """Whether there is such a key. Raises: TypeError, ValueError - as `add`."""
        return self._row_if_known(key) is not None

    def _row_if_known(self, key: object) -> int | None:
        wanted = plain(key)
        row = self._rows.get(wanted)
        if row is None:
            self._caught_up()
            row = self._rows.get(wanted)
        return row

    def _row_sum(self, row: int) -> int:
        (total,) = sums_of(storage_of(self).place.at(8 * row), "i64", 1)
        return int(total)

    def __len__(self) -> int:
        """How many keys there are."""
        return self._caught_up()

    def __eq__(self, other: object) -> bool:
        """If it is the same object. Raises: TypeError - the other one is a dict, which it would never equal."""
        if isinstance(other, dict):
            raise TypeError("a KeyedCounter is no dict: compare its `snapshot()` with one")
        return self is other

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        """True: a counter is a thing, with keys or without."""
        return True

    def __iter__(self) -> Iterator[Key]:
        """The keys that there are now, in the order in which they came."""
        return iter(self.keys())

    def keys(self) -> list[Key]:
        """The keys that there are, in the order in which they came."""
        return self._keys(self._caught_up())

    def items(self) -> list[tuple[Key, int]]:
        """The keys that there are and their counts, in the order in which they came.

        A count may be 0: another process may have added the key, and not counted yet.
        """
        _, *counts = self._counts()
        return [*zip(self._keys(len(counts)), counts, strict=True)]

    def most_common(self, n: int | None = None) -> list[tuple[Key, int]]:
        """The `n` keys with the largest counts, or all, and their counts, from the largest; equal ones as they came.

        Raises: TypeError - `n` is no int.
        """
        ordered = sorted(self.items(), key=itemgetter(1), reverse=True)
        return ordered if n is None else ordered[: max(integer("n", n), 0)]

    def snapshot(self) -> collections.Counter[Any]:
        """What was counted up to now, as a `collections.Counter`; `overflow`, if there is any, under None."""
        from collections import Counter

        overflow, *counts = self._counts()
        found: Any = Counter(dict(zip(self._keys(len(counts)), counts, strict=True)))
        if overflow:
            found[None] = overflow
        return found  # type: ignore[no-any-return]

    def total(self) -> int:
        """All that was counted, `overflow` included."""
        return sum(self._counts())

    @property
    def overflow(self) -> int:
        """What was counted under keys for which there is no room."""
        return self._row_sum(0)

    @property
    def capacity(self) -> int:
        """How many keys there may be."""
        require_set_up(self)
        return self._size[0]

    @property
    def key_bytes(self) -> int:
        """How many bytes the keys may hold on average, if there are `capacity` of them."""
        require_set_up(self)
        return self._size[1]

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return keyed().parts

    def __repr__(self) -> str:
        return f"<rseq.KeyedCounter of {self.total()} in {len(self)} of {self.capacity} keys>"


def _amount(what: str, n: object) -> int:
    """An i64. Raises: TypeError, OverflowError - it is none."""
    try:
        amount = as_int(n)  # type: ignore[arg-type]
    except TypeError:
        if hasattr(n, "__index__"):
            raise
        raise TypeError(f"{what} is an int; got {n!r}") from None
    if not -(1 << 63) <= amount < 1 << 63:
        from rseq._language.given import shown

        raise OverflowError(f"{what} is an int of -2**63 … 2**63 - 1; got {shown(amount)}")
    return amount
