"""What a token bucket is, in plain Python."""

from __future__ import annotations

from fractions import Fraction


class Model:
    """What a `TokenBucket` is, in plain Python, as exact as fractions are. `level`: how many tokens have come in."""

    def __init__(self, burst: int, lanes: int, share: int) -> None:
        """A CPU draws one of `share` parts of what is left ahead."""
        self.burst, self.share = burst, share
        self.issued = Fraction(0)
        self.tokens = [0] * lanes

    def take(self, lane: int, n: int, level: Fraction) -> bool:
        """See `TokenBucket.take`."""
        if n > self.burst:
            raise ValueError("more than the burst")
        lacking = n - self.tokens[lane]
        if lacking <= 0:
            self.tokens[lane] -= n
            return True
        first = max(self.issued, level)
        left = level + self.burst - first - lacking
        if left < 0:
            return False
        ahead = int(left / self.share)
        self.issued, self.tokens[lane] = first + lacking + ahead, ahead
        return True

    def available(self, level: Fraction) -> int:
        """See `TokenBucket.available`."""
        return int(level + self.burst - max(self.issued, level)) + sum(self.tokens)
