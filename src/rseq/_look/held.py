"""What structures say in which something waits, or is held: rings, stacks, collectors, pools, locks and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rseq._integers import signed
from rseq._look.base import OfForm
from rseq._percpu.shared.layout import SegmentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rseq._builtins.form import Form
    from rseq._percpu.segment import Place


class RingBuffer(OfForm):
    """Records that wait."""

    def form(self) -> Form:
        self.kind = ring_kind(self.args)
        form: Form = self.kind.form
        return form

    @property
    def common(self) -> Place:
        """What it has beside its lanes. Raises: SegmentError - damaged."""
        from rseq._structures.ring.common import COMMON

        _, *more = self.entry.blocks
        if [block.nbytes for block in more] != [COMMON.nbytes]:
            raise SegmentError(f"ring {self.entry.name!r} is damaged: it has other blocks of memory than a ring has")
        return self.core.extents.place(more[0])

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.ring.records import Records

        records = Records(self.kind, self.words, None)
        lanes = records.lanes()
        filled = [records.filled(lane) for lane in lanes]
        return {
            "written": sum(map(records.written, lanes)),
            "filled": sum(filled),
            "lost": records.lost(),
            "capacity": self.kind.capacity,
            "of": "bytes" if self.kind.dtype is None else "records",
            "mode": self.kind.mode,
            "by_cpu": filled,
        }

    def per_cpu(self) -> list[float]:
        return [*self.value(())["by_cpu"]]


def ring_kind(args: dict[str, Any]) -> Any:
    """What kind of ring was made with these arguments. Raises: TypeError, ValueError, KeyError - none."""
    from rseq._structures.numpy_layout import dtype_of
    from rseq._structures.ring.buffer import kind_for

    return kind_for(args["capacity"], args["mode"], args["clock"], dtype_of(args["dtype"]))


class Stack(OfForm):
    """Items on stacks."""

    def form(self) -> Form:
        from rseq._structures.stack import stack

        return stack(1 << (self.args["capacity"] - 1).bit_length())

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        counts = self.words.read("count")
        return {"items": sum(counts), "capacity": self.args["capacity"], "by_cpu": counts}

    def per_cpu(self) -> list[float]:
        return self.words.read("count")


class Collector(OfForm):
    """Numbers that were appended."""

    def form(self) -> Form:
        from rseq._structures.collector import collector

        return collector(self.args["dtype"], 1 << (self.args["capacity"] - 1).bit_length())

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        counts = self.words.read("count")
        refused = sum(self.words.read("refused"))
        return {"numbers": sum(counts), "capacity": self.args["capacity"], "refused": refused, "by_cpu": counts}

    def per_cpu(self) -> list[float]:
        return self.words.read("count")


class TokenBucket(OfForm):
    """Tokens that wait."""

    def form(self) -> Form:
        from rseq._structures.bucket import BUCKET

        return BUCKET

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.bucket import left_in

        return {"available": left_in(self.words), "burst": self.args["burst"], "rate": self.args["rate"]}

    def per_cpu(self) -> list[float]:
        return self.words.read("tokens")


class Pool(OfForm):
    """Buffers that are held."""

    def form(self) -> Form:
        from rseq._structures.pool.items import items
        from rseq._structures.pool.states import shift_for

        return items(shift_for(self.args["count"], self.core.header.lanes + 1))

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.pool.states import rows_by_owner

        count = self.args["count"]
        states = [state for lane in self.words.arrays("states") for state in lane][:count]
        held = {owner: len(rows) for owner, rows in rows_by_owner(states).items()}
        free = count - sum(held.values())
        return {"free": free, "count": count, "item_size": self.args["item_size"], "held_by": held}


class SpinLock(OfForm):
    """A lock for each CPU."""

    def form(self) -> Form:
        from rseq._structures.lock import LOCK

        return LOCK

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        owners = self.words.read("owner")
        return {"holders": {cpu: self._said(owner) for cpu, owner in enumerate(owners) if owner}}

    def _said(self, owner: int) -> str:
        from rseq._percpu.threads import LEFT_BEHIND, table_of

        table = table_of(self.place.lock)
        name = table.describe(owner & ~LEFT_BEHIND)
        return f"{name}, which has ended" if table.has_ended(owner) and "has ended" not in name else name


class RCU(OfForm):
    """Readers."""

    def form(self) -> Form:
        from rseq._structures.rcu.grace import READERS

        return READERS

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        ended = self._all("ended")  # first: whoever has ended, has begun
        return {"readers": signed(self._all("begun") - ended)}

    def _all(self, name: str) -> int:
        return sum(sum(self.words.read(name, phase)) for phase in (0, 1))
