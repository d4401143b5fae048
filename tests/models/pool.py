"""What a pool is, in plain Python."""

from __future__ import annotations


class Model:
    """What a `Pool` is, in plain Python: which items are held, and by whom."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.owners: dict[int, int] = {}

    def acquire_row(self, row: int | None, owner: int = 0) -> bool:
        """Whether `Pool.acquire_row` may return `row`: a pool does not say which of its free items it gives away."""
        if row is None:
            return len(self) == 0
        free = row in range(self.count) and row not in self.owners
        self.owners[row] = owner
        return free

    def release_row(self, row: int) -> bool:
        """See `Pool.release_row`."""
        return self.owners.pop(row, None) is not None

    def held(self) -> dict[int, list[int]]:
        """See `Pool.held`."""
        owners: dict[int, list[int]] = {}
        for row in sorted(self.owners):
            owners.setdefault(self.owners[row], []).append(row)
        return owners

    def recover(self, owner: int) -> list[int]:
        """See `Pool.recover`."""
        rows = self.held().get(owner, [])
        self.owners = {row: other for row, other in self.owners.items() if other != owner}
        return rows

    def __len__(self) -> int:
        return self.count - len(self.owners)
