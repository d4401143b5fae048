"""What a lock is, in plain Python."""

from __future__ import annotations


class Model:
    """The same in plain Python, for threads and CPUs that the caller names.

    Where `SpinLock` waits, it raises TimeoutError.
    """

    def __init__(self, lanes: int = 2) -> None:
        self.owners = [0] * lanes

    def acquire(self, thread: int, cpu: int) -> int:
        if self.owners[cpu] == thread:
            raise RuntimeError(f"thread {thread} holds it already")
        if self.try_acquire(thread, cpu) is None:
            raise TimeoutError(f"thread {self.owners[cpu]} holds it")
        return cpu

    def try_acquire(self, thread: int, cpu: int) -> int | None:
        if self.owners[cpu]:
            return None
        self.owners[cpu] = thread
        return cpu

    def release(self, thread: int, cpu: int) -> None:
        if self.owners[cpu] != thread:
            raise RuntimeError(f"held by {self.owners[cpu] or 'nobody'}")
        self.owners[cpu] = 0

    def end(self, thread: int) -> None:
        """The thread ends; whoever waits for it gets the lock."""
        self.owners = [0 if owner == thread else owner for owner in self.owners]

    def invariant(self) -> None:
        """A lock is free, or somebody's."""
        assert all(owner >= 0 for owner in self.owners)
