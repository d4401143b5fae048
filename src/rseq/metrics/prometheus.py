"""prometheus_client's metrics, in a segment that all workers of a service share.

    import rseq.metrics.prometheus
    rseq.metrics.prometheus.install(segment="shop")

From then on, Counter, Gauge, Histogram, Summary, Info and Enum of prometheus_client are one for all processes that have
called this, and `generate_latest()` in any of them is about the whole service. `rseq run -- COMMAND` does the same for
a program that is left as it is. docs/metrics.md says what each worker sees.
"""

from __future__ import annotations

from rseq._metrics.chosen import chosen_segment
from rseq._once import load
from rseq._percpu.shared.segment import Segment

__all__ = ["install"]


def install(segment: Segment | str | None = None, *, keep: bool = False) -> Segment:
    """Have prometheus_client's metrics live in `segment`, an `rseq.Segment` or its name.

    Without one, the environment variable RSEQ_METRICS names it. `keep`: go on with what is in it though nobody has it
    open; see `rseq.Segment`. Metrics that are there already move into it, with what they have counted; call it before
    threads count. Called again with the same segment, it does nothing. Forked children need not call it.
    Returns: the segment.
    Raises: ValueError - there is no name, or the segment cannot be used. TypeError - no segment. RuntimeError - the
    metrics are in another segment. MissingPackage - prometheus_client is not installed. As `rseq.Segment`.
    Threads: any; one installs, the others wait.
    """
    load("prometheus_client")
    from rseq._metrics.installed import install_into

    return install_into(chosen_segment(segment, keep=keep))
