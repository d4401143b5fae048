"""Read-copy-update in plain Python: what tests compare with, and whose accesses they interleave."""

from __future__ import annotations

from collections.abc import Callable

from rseq._structures.rcu.grace import grace_period


class Model:
    """The same in plain Python, for one thread: what tests compare with, and whose accesses they interleave.

    A reader is on the lane that it names. Where `RCU` would wait, it raises TimeoutError.
    """

    def __init__(self, lanes: int = 2) -> None:
        self.lanes = range(lanes)
        self._phase = [0] * lanes
        self._begun = [[0, 0] for _ in self.lanes]
        self._ended = [[0, 0] for _ in self.lanes]
        self._calls: list[Callable[[], object]] = []

    def read_lock(self, lane: int = 0) -> int:
        phase = self._phase[lane]
        self._begun[lane][phase] += 1
        return phase

    def read_unlock(self, phase: int, lane: int = 0) -> None:
        if phase not in (0, 1):
            raise IndexError(phase)
        self._ended[lane][phase] += 1

    @property
    def readers(self) -> int:
        return sum(map(sum, self._begun)) - sum(map(sum, self._ended))

    def synchronize(self, timeout: float | None = None) -> None:
        if any(grace_period(self)):
            raise TimeoutError(f"{self.readers} read sections have not ended")

    def call(self, function: Callable[[], object]) -> None:
        self._calls.append(function)

    def barrier(self, timeout: float | None = None) -> None:
        if self._calls:
            self.synchronize(timeout)
        while self._calls:
            self._calls.pop(0)()

    def phase(self, lane: int) -> int:
        return self._phase[lane]

    def set_phase(self, lane: int, phase: int) -> None:
        self._phase[lane] = phase

    def begun(self, lane: int, phase: int) -> int:
        return self._begun[lane][phase]

    def ended(self, lane: int, phase: int) -> int:
        return self._ended[lane][phase]

    def fence(self) -> None:
        pass

    def invariant(self) -> None:
        """No phase has more that ended than began."""
        for phase in (0, 1):
            assert sum(lane[phase] for lane in self._ended) <= sum(lane[phase] for lane in self._begun)
