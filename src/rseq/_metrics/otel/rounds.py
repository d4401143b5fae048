"""What has been exported as differences, so that no difference is lost or sent in two ways when an exporter is killed.

    words, for all:      | noted | begun | time, resource of either copy | what processes tell each other |
    for each series:     | copy | copy |           its numbers, as they were in the last two rounds

An export of differences is a round, and rounds are numbered. Copy `round % 2` holds the numbers of a round, and the
other one those of the round before. The exporter, of which there is one,

    1. writes the numbers of all series into the copies of round `noted + 1`, and the time;
    2. stores `begun = noted + 1`;
    3. sends the differences between the two copies, and hears that they have arrived;
    4. stores `noted = begun`.

Each step but the third is a store of one word, or one that nobody looks at before the next step. So, if it is killed
before 2, nothing has been sent, and the next exporter writes the copies anew. After 4 all is done. In between nobody
can know whether what was sent has arrived: then the very same differences, with the same times, are sent once more
before anything else. They are what the two copies say, whoever reads them, as no copy is written while a round is open.

A series that an exporter does not know yet has 0 in both copies, so its numbers come with a later round.
The road not taken: not to send again what may have arrived. It may also not have; and a receiver can recognise what has
the same times, but cannot invent what it has never got.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from rseq._metrics.blocks import Numbers, made
from rseq._metrics.otel.readings import Reading
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.shared.extents import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rseq._percpu.shared.segment import Segment

KIND, COPIES = "Export", "Exported"
NOTED, BEGUN, _TIMES, _RESOURCES, FLUSHES, FLUSHED, LEAVING = 0, 1, 2, 4, 6, 7, 8
"""Words: the first four are the exporter's; any process adds to FLUSHES and LEAVING (exporting.py)."""

_WORDS = 9


class Rounds:
    """The rounds of a segment. Threads and processes: the words of other processes, any; else the one that exports."""

    def __init__(self, segment: Segment) -> None:
        """Raises: MemoryError - no room. SegmentError - damaged."""
        self._segment = segment
        _, (memory,) = made(segment, KIND, "opentelemetry export", {}, [Wanted(8 * _WORDS, 64, is_plain=True)])
        self._words = Numbers(memory)
        self._copies: dict[str, Numbers] = {}

    # ---- what processes tell each other

    def word(self, number: int) -> int:
        """One of the words."""
        return self._words.words[number]

    def add(self, number: int) -> int:
        """Add 1 to a word; what it is then."""
        while True:
            before = self.word(number)
            if compare_exchange(self._words.address(number), before, before + 1):
                return before + 1

    def store(self, number: int, value: int) -> None:
        """Store a word, behind all that was stored before."""
        compare_exchange(self._words.address(number), self.word(number), value)

    # ---- rounds

    @property
    def is_open(self) -> bool:
        """Whether a round was begun of which nobody knows whether it has arrived."""
        return self.word(BEGUN) != self.word(NOTED)

    @property
    def resource(self) -> int:
        """The digest of the resource with which the open round is sent."""
        return self.word(_RESOURCES + self.word(BEGUN) % 2)

    def write(self, readings: Iterable[Reading], now_ns: int, resource: int) -> None:
        """Write the copies of the next round. None is open. Raises: MemoryError - no room for a series's copies."""
        copy = (self.word(NOTED) + 1) % 2
        for reading in readings:
            numbers, count = self._copies_of(reading), len(reading.numbers)
            numbers.floats[copy * count : (copy + 1) * count] = memoryview(array("d", reading.numbers))
        self._words.words[_TIMES + copy] = max(now_ns, self._words.words[_TIMES + 1 - copy] + 1)
        self._words.words[_RESOURCES + copy] = resource

    def begin(self) -> None:
        """Have the round that was written be open: it is sent from now on."""
        self.store(BEGUN, self.word(NOTED) + 1)

    def note(self) -> None:
        """Note that the open round has arrived."""
        self.store(NOTED, self.word(BEGUN))

    def differences(self, readings: Iterable[Reading]) -> Iterator[tuple[Reading, int, int]]:
        """What the round that was written, open or not, has to tell: differences, and between which times they arose.

        `readings` say which series there are; those without a difference are left out.
        """
        copy = (self.word(NOTED) + 1) % 2
        until, before = self._words.words[_TIMES + copy], self._words.words[_TIMES + 1 - copy]
        for reading in readings:
            numbers, count = self._copies_of(reading).floats, len(reading.numbers)
            now, then = (numbers[one * count : (one + 1) * count] for one in (copy, 1 - copy))
            found = [new - old for new, old in zip(now, then, strict=True)]
            if any(found):
                yield reading._replace(numbers=found), before or min(reading.since_ns, until), until

    def _copies_of(self, reading: Reading) -> Numbers:
        """Where the copies of a series are. They are 0 where none has been written."""
        known = self._copies.get(reading.name)
        if known is None:
            name, args = f"exported {reading.name}", {"series": reading.name}
            wanted = [Wanted(16 * len(reading.numbers), is_plain=True)]
            _, (memory,) = made(self._segment, COPIES, name, args, wanted)
            known = self._copies.setdefault(reading.name, Numbers(memory))
        return known
