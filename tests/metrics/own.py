"""What metrics expose, for the tests of rseq.metrics."""

from __future__ import annotations

from typing import Any


def samples(metric: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What a metric exposes, without times."""
    (family,) = metric.collect()
    found = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in family.samples}
    return {key: value for key, value in found.items() if not key[0].endswith("_created")}
