"""What a collector is, in plain Python."""

from __future__ import annotations


class Model:
    """What a `Collector` is, in plain Python. `cpu` is the CPU that the caller runs on."""

    def __init__(self, capacity: int, cpus: int) -> None:
        self.capacity = capacity
        self.cpu = self.refused = 0
        self.parts: list[list[int]] = [[] for _ in range(cpus)]

    def append(self, value: int) -> bool:
        """See `Collector.append`."""
        part = self.parts[self.cpu]
        if len(part) == self.capacity:
            self.refused += 1
            return False
        part.append(value)
        return True

    def array(self) -> list[int]:
        """See `Collector.array`."""
        return [number for part in self.parts for number in part]
