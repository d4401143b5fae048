"""A divisor is refused unless it is known not to be zero."""

from __future__ import annotations

import pytest

import rseq
from programs import compiled
from rseq import i64


class Lane(rseq.Record):
    count: i64


DIVIDES = """\
    if n == 0:
        return
    x = m // n
---
    x = 0
    if n:
        x = m % n
---
    x = 7 // n if n != 0 else 1
---
    if n < 1:
        return
    x = m // n
---
    if n > 0 and m > 5:
        x = 9 // n + 9 % m
---
    x = m // max(n, 1) + m % max(n, m, 1) - m // min(n, -3)
---
    n = 0
    x = m // max(1, n)
---
    x = m // (n | 1) + m // ((n & 7) + 1) + m % (n * 2 + 1)
---
    d = 4
    if n > 3:
        d = n
    x = m // d
---
    d = n
    if d == 0:
        d = 1
    x = m // d
---
    for i in range(1, 4):
        d = n if n >= i else 2
        x = m // d
---
    match n:
        case 0:
            return
        case _:
            x = m % n
"""

MAY_BE_ZERO = """\
    x = m // n
---
    if n >= 0:
        x = m // n
---
    if m != 0:
        x = m // n
---
    if n == 0:
        x = m // n
---
    if n == 0 or m == 0:
        return
    x = m // (n + m)
---
    if cpu.count != 0:
        x = m // cpu.count
---
    d = 0
    if n > 3:
        d = n
    x = m // d
---
    x = m // max(n, 0)
---
    n = 0
    x = m // max(0, n)
---
    d = n
    if d == 0:
        return
    d = m
    x = n // d
---
    x = m // (n & 7)
---
    d = 0
    for i in range(2):
        if d == 0:
            x = 5 // d
        d += n
"""


@pytest.mark.parametrize("body", DIVIDES.split("---\n"))
def test_a_divisor_is_known_not_to_be_zero(body: str) -> None:
    compiled(f"def f(cpu: Lane, n: i64, m: i64) -> None:\n{body}", Lane=Lane)


@pytest.mark.parametrize("body", MAY_BE_ZERO.split("---\n"))
def test_a_divisor_that_may_be_zero_is_refused(body: str) -> None:
    with pytest.raises(rseq.ContractError) as caught:
        compiled(f"def f(cpu: Lane, n: i64, m: i64) -> None:\n{body}", Lane=Lane)
    assert {diagnostic.slug for diagnostic in caught.value.diagnostics} == {"may-be-zero"}
