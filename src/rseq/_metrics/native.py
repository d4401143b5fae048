"""Prometheus's native histograms: what a scrape gets that accepts OpenMetrics 2.0, beside the usual buckets.

prometheus_client writes them in that format only; its plain text would be wrong with such a sample in it. A collector
is not told which format is written. So prometheus_client's choice of a format by the header `Accept`, which all that it
serves goes through, notes down if that one is chosen, for as long as it is written.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from prometheus_client import exposition, samples

from rseq._once import once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OLDEST = 2.0
_is_wanted: ContextVar[bool] = ContextVar("rseq native histograms", default=False)


def is_wanted() -> bool:
    """Whether what is being written may have them."""
    return _is_wanted.get()


def histogram(counts: Sequence[float], total: float, schema: int, first: int, threshold: float) -> Any:
    """A native histogram with these counts in its buckets, from the one that ends at `threshold`, bound number `first`.

    What is in that one is told as zeros; what is in the last, behind all bounds, as the bucket that follows.
    """
    filled = [(number, round(count)) for number, count in enumerate(counts[1:], first + 1) if round(count)]
    spans: list[list[int]] = []
    end = 0
    for number, _ in filled:
        if spans and number == end:
            spans[-1][1] += 1
        else:
            spans.append([number - end, 1])
        end = number + 1
    deltas = [after - before for before, after in pairwise([0, *(count for _, count in filled)])]
    made = [samples.BucketSpan(offset, length) for offset, length in spans]
    whole, zeros = round(sum(counts)), round(counts[0])
    return samples.NativeHistogram(whole, total, schema, threshold, zeros, made, None, deltas or None, None)


@once
def offer() -> None:
    """Have scrapes that accept them get them, if this prometheus_client can write them."""
    choose: Any = getattr(exposition, "choose_encoder", None)
    if choose is None or not hasattr(samples, "NativeHistogram"):
        return

    @functools.wraps(choose)
    def choose_and_note(*arguments: Any, **named: Any) -> tuple[Callable[..., bytes], str]:
        encode, content_type = choose(*arguments, **named)
        return (_noting(encode) if _has_them(content_type) else encode), content_type

    exposition.choose_encoder = choose_and_note


def _noting(encode: Callable[..., bytes]) -> Callable[..., bytes]:
    @functools.wraps(encode)
    def encode_with_them(*arguments: Any, **named: Any) -> bytes:
        before = _is_wanted.set(True)
        try:
            return encode(*arguments, **named)
        finally:
            _is_wanted.reset(before)

    return encode_with_them


def _has_them(content_type: str) -> bool:
    """If that is OpenMetrics of version 2.0 or later."""
    kind, *parts = (part.strip() for part in content_type.split(";"))
    version = dict(part.partition("=")[::2] for part in parts).get("version", "")
    try:
        return kind == "application/openmetrics-text" and float(".".join(version.split(".")[:2])) >= _OLDEST
    except ValueError:
        return False
