"""All metrics that are in a segment, read again and again: what is new in the directory, and numbers by the thousand.

A `Reader` keeps what it has learnt of the directory. The numbers of all series of a family lie in few stretches of
memory, each of which one call adds up over all lanes. What it knows grows while it is read: it is looked at by one
thread at a time, which has the turn.
"""

from __future__ import annotations

from operator import itemgetter

from rseq._forks import start_anew_after_forks
from rseq._metrics import exemplars, gauges, series, states
from rseq._metrics.blocks import Numbers
from rseq._percpu.memory import Memory
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.shared.kinds import args_of
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.sums import sums_of
from rseq._quick import NamedTuple, RLock, deque, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Block, Entry

FAMILY = "Metric"


class About(NamedTuple):
    """What is said of a family where it is made."""

    type: str
    name: str
    documentation: str
    unit: str
    is_registered: bool
    """In the default registry."""


class Row:
    """One set of labels of a counter, histogram or summary, and its numbers, as they were read last."""

    __slots__ = ("about", "bounds", "count", "exemplars", "labels", "lanes", "name", "native")

    def __init__(
        self, name: str, labels: dict[str, str], bounds: tuple[str, ...], lanes: Block, about: Block, count: int
    ) -> None:
        """`name`: the structure's."""
        self.name, self.labels, self.bounds = name, labels, bounds
        self.lanes, self.about, self.count = lanes, about, count
        self.exemplars: dict[int, memoryview] = {}
        self.native: tuple[int, int] | None = None
        """Schema and number of the first bound, if the bounds are exponential."""


class Gathered:
    """A family: all that is in the segment of one name and type. To go through what it has takes the reader's turn."""

    def __init__(self, core: Core, turn: RLock) -> None:
        self._turn = turn
        self.about: About | None = None
        self.rows: list[Row] = []
        self.gauges: dict[str, tuple[dict[str, str], gauges.Lines]] = {}
        """By the structure's name."""
        self.enums: list[tuple[dict[str, str], tuple[str, ...], Numbers]] = []
        self.infos: dict[str, list[tuple[dict[str, str], dict[str, str], Numbers]]] = {}
        """By their labels: these, each value, and when it was said."""
        self._lanes = _Stretches(core)
        self._abouts = _Stretches(core)

    def add(self, row: Row) -> None:
        """Add a set of labels."""
        self.rows.append(row)
        self._lanes.add(row.lanes)
        self._abouts.add(row.about)

    def numbers(self) -> list[tuple[Row, list[float], float]]:
        """Each row that is not hidden with its numbers, and when it was made; the rows in the order of their making.

        Threads: any.
        """
        with self._turn:
            return list(self._numbers())

    def _numbers(self) -> Iterator[tuple[Row, list[float], float]]:
        sums, abouts = self._lanes.read(), self._abouts.read()
        for row, first, about in zip(self.rows, self._lanes.starts, self._abouts.starts, strict=True):
            count, bases = row.count, about + series.BASES
            found = [sums[first + number] - abouts[bases + number] for number in range(count)]
            if not abouts[about] or any(found):
                yield row, found, abouts[about + series.CREATED]

    def remove(self, is_meant: Callable[[Mapping[str, str]], bool]) -> None:
        """Remove what has the labels that are meant, in all processes. What is made again begins anew. Threads: any."""
        with self._turn:
            self._remove(is_meant)

    def _remove(self, is_meant: Callable[[Mapping[str, str]], bool]) -> None:
        for row in self.rows:
            if is_meant(row.labels):
                lanes, about = self._lanes.memory(row.lanes), self._abouts.memory(row.about)
                series.hide(lanes.place, Numbers(about), row.count)
        for labels, lines in list(self.gauges.values()):
            if is_meant(labels):
                lines.remove()
        said = [(labels, word) for known in list(self.infos.values()) for labels, _, word in known]
        for labels, word in (*said, *((labels, word) for labels, _, word in self.enums)):
            if is_meant(labels):
                word.words[0] = 0


class _Stretches:
    """Blocks of numbers, which are read in stretches: those that lie on neighbouring pages are read at once.

    What lies between them is read too. The pages exist: a block's do before anybody learns of it.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._blocks: list[Block] = []
        self._stretches: list[tuple[Memory, int]] | None = []
        self.starts: list[int] = []
        """Where in what `read` returns each block begins, in the order in which they were added."""

    def add(self, block: Block) -> None:
        self._blocks.append(block)
        self._stretches = None

    def read(self) -> list[float]:
        """The numbers of all blocks, each added up over all lanes."""
        if self._stretches is None:
            self._stretches = list(self._found())
        numbers: list[float] = []
        for memory, count in self._stretches:
            numbers += sums_of(memory.place, "f64", count)
        return numbers

    def _found(self) -> Iterator[tuple[Memory, int]]:
        """The stretches; `starts` is filled on the way."""
        self.starts = [0] * len(self._blocks)
        total = 0
        for stretch in self._near(sorted(enumerate(self._blocks), key=itemgetter(1))):
            first, last = stretch[0][1], stretch[-1][1]
            for number, block in stretch:
                self.starts[number] = total + (block.offset - first.offset) // 8
            nbytes = last.offset + last.nbytes - first.offset
            total += nbytes // 8
            yield self.memory(first._replace(nbytes=nbytes)), nbytes // 8

    def _near(self, blocks: list[tuple[int, Block]]) -> Iterator[list[tuple[int, Block]]]:
        """Those that lie on neighbouring pages, together."""
        stretch: list[tuple[int, Block]] = []
        for number, block in blocks:
            if stretch:
                before = stretch[-1][1]
                last_page = (before.offset + before.nbytes - 1) // PAGE_BYTES
                if block.extent != before.extent or block.offset // PAGE_BYTES > last_page + 1:
                    yield stretch
                    stretch = []
            stretch.append((number, block))
        if stretch:
            yield stretch

    def memory(self, block: Block) -> Memory:
        """A block that was added, or several with what is between them."""
        place, owner = self._core.place(block)
        return Memory(place, block.nbytes, owner)


class Reader:
    """What is in a segment. Threads: any. Processes: forked children go on with it.

    `others`: what takes entries of further kinds, with what they were made with. It raises KeyError, TypeError or
    ValueError where they are damaged.
    """

    def __init__(self, core: Core, others: Mapping[str, Callable[[Entry, dict[str, Any]], None]] | None = None) -> None:
        self._core = core
        self._others = others or {}
        self._begin()
        start_anew_after_forks(self)

    def _begin(self) -> None:
        self.turn = RLock()
        """Whose turn it is to look at what is known, or to add to it."""
        self._known: dict[int, bytes] = {}
        self._families: dict[tuple[str, str], Gathered] = {}
        self._rows: dict[str, Row] = {}
        self._lines: dict[str, gauges.Lines] = {}
        self._late: list[Entry] = []
        self._new: deque[int] = deque()

    def _start_anew(self) -> None:
        """In a forked child: a thread that had the turn is not here, and may have known half of something."""
        if self.turn.acquire(blocking=False):
            self.turn.release()
        else:
            self._begin()

    def families(self) -> list[Gathered]:
        """Those that somebody has said something about, in that order. Raises: SegmentError - damaged. MemoryError."""
        with self.turn:
            self._look()
            return [family for family in self._families.values() if family.about is not None]

    def family(self, type: str, name: str) -> Gathered:
        """One of them; without anything in it, if there is none. Raises: SegmentError - damaged. MemoryError."""
        with self.turn:
            self._look()
            return self._family(type, name)

    def look(self) -> None:
        """Learn what is new. Raises: SegmentError - damaged. MemoryError."""
        with self.turn:
            self._look()

    def lines_of(self, name: str) -> gauges.Lines | None:
        """The lines of the gauge that is called so in the directory, if one has been found."""
        return self._lines.get(name)

    def lives(self, count: int) -> Mapping[int, int]:
        """Which lives have the first `count` slots of the segment."""
        return self._core.lives(count)

    def _look(self) -> None:
        """Learn what is new. An entry that is damaged is said once; the next look goes on with those behind it."""
        self._new += self._core.directory.added_places(self._known)
        late, self._late = deque(self._late), []
        try:
            while late:
                self._learn(late.popleft())
        finally:
            self._late += late
        while self._new:
            self._learn(self._core.directory.read(self._new.popleft()))

    def _learn(self, entry: Entry) -> None:
        take = partial(_TAKE[entry.kind], self) if entry.kind in _TAKE else self._others.get(entry.kind)
        if take is None:
            return
        try:
            take(entry, args_of(entry))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            if isinstance(error, SegmentError):
                raise
            raise SegmentError(f"{self._core.where} is damaged: {entry.name!r}: {error!r}") from error

    def _family(self, type: str, name: str) -> Gathered:
        return self._families.setdefault((type, name), Gathered(self._core, self.turn))

    def _numbers(self, block: Block, nbytes: int) -> Numbers:
        return Numbers(self._memory(block, nbytes))

    def _memory(self, block: Block, nbytes: int) -> Memory:
        place, owner = self._core.place(block)
        if block.nbytes < nbytes or not self._core.extents.is_plain(block):
            raise ValueError(f"{block.nbytes} bytes of memory instead of {nbytes}")
        return Memory(place, block.nbytes, owner)

    # ---- entries, by their kinds

    def _take_family(self, entry: Entry, args: dict[str, Any]) -> None:
        type, name, documentation, unit = (_text(args[key]) for key in About._fields[:-1])
        about = About(type, name, documentation, unit, bool(args["is_registered"]))
        family = self._family(about.type, about.name)
        registered = about.is_registered or (family.about is not None and family.about.is_registered)
        family.about = about._replace(is_registered=registered)

    def _take_series(self, entry: Entry, args: dict[str, Any]) -> None:
        type, bounds = _text(args["type"]), tuple(map(_text, args.get("bounds", ())))
        count = series.numbers(type, len(bounds))
        lanes, about = entry.blocks
        lanes = without_front(lanes, type)
        if lanes.nbytes != 8 * count or about.nbytes != 8 * (series.BASES + count):
            raise ValueError(f"{lanes.nbytes} and {about.nbytes} bytes of memory for {count} numbers")
        row = Row(entry.name, _labels(args["labels"]), bounds, lanes, about, count)
        if "native" in args:
            schema, first = map(int, args["native"])
            row.native = schema, first
        self._family(type, _text(args["family"])).add(row)
        self._rows[entry.name] = row

    def _take_exemplar(self, entry: Entry, args: dict[str, Any]) -> None:
        row = self._rows.get(args["series"])
        if row is None:  # its entry was not in the directory's index yet when this one was
            self._late.append(entry)
            return
        row.exemplars[int(args["number"])] = self._memory(entry.blocks[0], exemplars.NBYTES).buffer()

    def _take_gauge(self, entry: Entry, args: dict[str, Any]) -> None:
        family = self._family("gauge", _text(args["family"]))
        lines = gauges.Lines(self._core, _mode(args["mode"]))
        lines.blocks[0] = self._numbers(entry.blocks[0], gauges.BLOCK_BYTES)
        family.gauges[entry.name] = _labels(args["labels"]), lines
        self._lines[entry.name] = lines

    def _take_lines(self, entry: Entry, args: dict[str, Any]) -> None:
        lines = self._lines.get(args["gauge"])
        if lines is None:
            self._late.append(entry)
        elif entry.kind == gauges.GONE:
            lines.gone = self._numbers(entry.blocks[0], gauges.GONE_BYTES)
        else:
            lines.blocks[int(args["number"])] = self._numbers(entry.blocks[0], gauges.BLOCK_BYTES)

    def _take_enum(self, entry: Entry, args: dict[str, Any]) -> None:
        family = self._family("stateset", _text(args["family"]))
        given = tuple(map(_text, args["states"]))
        family.enums.append((_labels(args["labels"]), given, self._numbers(entry.blocks[0], 8)))

    def _take_info(self, entry: Entry, args: dict[str, Any]) -> None:
        family, labels = self._family("info", _text(args["family"])), _labels(args["labels"])
        said = family.infos.setdefault(states.canonical(labels), [])
        said.append((labels, _labels(args["value"]), self._numbers(entry.blocks[0], 8)))


_TAKE: dict[str, Callable[[Reader, Entry, dict[str, Any]], None]] = {
    FAMILY: Reader._take_family,
    series.KIND: Reader._take_series,
    exemplars.KIND: Reader._take_exemplar,
    gauges.KIND: Reader._take_gauge,
    gauges.MORE: Reader._take_lines,
    gauges.GONE: Reader._take_lines,
    states.ENUM: Reader._take_enum,
    states.INFO: Reader._take_info,
}


def without_front(lanes: Block, type: str) -> Block:
    """The block of a series's numbers alone."""
    nbytes = 8 * series.front(type)
    return lanes._replace(offset=lanes.offset + nbytes, nbytes=lanes.nbytes - nbytes)


def _text(thing: object) -> str:
    if not isinstance(thing, str):
        raise TypeError(f"expected a text, got {thing!r}")
    return thing


def _mode(thing: object) -> str:
    if thing not in gauges.MODES:
        raise ValueError(f"there is no mode {thing!r}")
    return _text(thing)


def _labels(thing: object) -> dict[str, str]:
    if not isinstance(thing, dict):
        raise TypeError(f"expected labels, got {thing!r}")
    return {_text(name): _text(value) for name, value in thing.items()}
