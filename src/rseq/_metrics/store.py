"""A segment with metrics in it, as this process has it: what it makes there, and the reader of all that is there."""

from __future__ import annotations

from weakref import WeakSet

from rseq._metrics.blocks import made
from rseq._metrics.gauges import GaugeValue
from rseq._metrics.reading import FAMILY, About, Reader
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.segment import core_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rseq._percpu.shared.segment import Segment


class Store:
    """Threads: any. Processes: forked children go on with it."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.reader = Reader(core_of(segment))
        self._gauges: WeakSet[GaugeValue] = WeakSet()

    def announce(self, about: About) -> None:
        """Say that there is a family. Raises: MemoryError - no room."""
        made(self.segment, FAMILY, f"{about.type} {about.name}", about._asdict(), [Wanted(8, is_plain=True)])

    def gauge(self, family: str, labels: Mapping[str, str], mode: str) -> GaugeValue:
        """The gauge with these labels, of this process. Raises: MemoryError - no room."""
        return GaugeValue(self.segment, family, labels, mode, self._gauges)
