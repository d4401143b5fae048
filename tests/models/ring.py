"""What a ring buffer is, in plain Python."""

from __future__ import annotations

from typing import Any

from rseq._structures.ring.kind import Kind
from rseq._structures.ring.sizes import header_units


class Model:
    """A `RingBuffer` without a clock's stamps. `cpu` is the CPU that the caller runs on."""

    def __init__(self, kind: Kind, cpus: int) -> None:
        self.kind, self.cpu = kind, 0
        self._lanes = [_Lane(kind) for _ in range(cpus)]

    def write(self, data: Any) -> bool:
        """See `RingBuffer.write`."""
        return self._lanes[self.cpu].write(data)

    def drain(self) -> list[tuple[int, Any]]:
        """See `RingBuffer.drain`: the records CPU by CPU."""
        return [(cpu, record) for cpu, lane in enumerate(self._lanes) for record in lane.drain()]

    def peek(self) -> list[tuple[int, Any]]:
        """See `RingBuffer.peek`."""
        return [(cpu, record) for cpu, lane in enumerate(self._lanes) for _, record in lane.whole()]

    @property
    def lost(self) -> int:
        """See `RingBuffer.lost`."""
        return sum(lane.lost for lane in self._lanes)

    def __len__(self) -> int:
        return sum(len(lane.whole()) for lane in self._lanes)


class _Lane:
    """The records that nobody has taken, each with the position where it begins."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.head = 2 if kind.part_units else 0
        self.tail = self.lost = 0
        self.records: list[tuple[int, Any]] = []

    def write(self, data: Any) -> bool:
        size = 1
        if self.kind.item is None:
            size = header_units(self.kind.clock) + (len(data) + 3) // 4
            if len(data) > self.kind.largest or not self._goes_to_room(size):
                self.lost += 1
                return False
        elif not self.kind.overwrites and self.head + 1 - self.tail > self.kind.units:
            self.lost += 1
            return False
        self.records.append((self.head, data))
        self.head += size
        return True

    def _goes_to_room(self, size: int) -> bool:
        """Where a record of so many units begins; False if it does not fit."""
        block = self.kind.part_units or self.kind.units
        left = block - self.head % block
        if self.kind.overwrites:
            if size >= left:
                self.head += left + 2
            return True
        start = self.head if size <= left else self.head + left
        if start + size - self.tail > self.kind.units:
            return False
        self.head = start
        return True

    def whole(self) -> list[tuple[int, Any]]:
        """The records that were not overwritten."""
        first = self.head - self.kind.whole(self.head)
        return [(at, record) for at, record in self.records if at >= first]

    def drain(self) -> list[Any]:
        whole = self.whole()
        self.lost += len(self.records) - len(whole)
        self.records, self.tail = [], self.head
        return [record for _, record in whole]
