"""What a stack is, in plain Python."""

from __future__ import annotations


class Model:
    """What a `Stack` is, in plain Python. `cpu` is the CPU that the caller runs on."""

    def __init__(self, capacity: int, cpus: int) -> None:
        self.capacity = capacity
        self.cpu = 0
        self.stacks: list[list[int]] = [[] for _ in range(cpus)]

    def push(self, value: int) -> bool:
        """See `Stack.push`."""
        stack = self.stacks[self.cpu]
        if len(stack) == self.capacity:
            return False
        stack.append(value)
        return True

    def pop(self) -> int | None:
        """See `Stack.pop`."""
        stack = self.stacks[self.cpu]
        return stack.pop() if stack else None

    def steal(self) -> int | None:
        """See `Stack.steal`: from the CPU with the most items, the first one of those."""
        stack = self.stacks[self.cpu] or max(self.stacks, key=len)
        return stack.pop() if stack else None

    def drain(self) -> list[int]:
        """See `Stack.drain`."""
        items = [item for stack in sorted(self.stacks, key=len, reverse=True) for item in reversed(stack)]
        self.stacks = [[] for _ in self.stacks]
        return items

    def __len__(self) -> int:
        return sum(map(len, self.stacks))
