"""Metrics of services with many workers, in a segment: one service, one number, whoever counts.

    from rseq.metrics import Counter
    requests = Counter("requests", "Requests answered.", ["method"])
    requests.labels("GET").inc()

They have prometheus_client's arguments and methods, and are exposed by its registry if it is installed.
`rseq.metrics.prometheus` has its own metrics live in a segment. See docs/metrics.md.
"""

from rseq._metrics.own.gauge import Gauge
from rseq._metrics.own.kinds import Counter, Histogram, Summary
from rseq._metrics.own.said import Enum, Info

__all__ = ["Counter", "Enum", "Gauge", "Histogram", "Info", "Summary"]
