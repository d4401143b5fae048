"""A service engineer has metrics."""

from __future__ import annotations

from refusals.made import Refusal

ROWS = [
    Refusal(
        ValueError,
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", ["kind"], segment="shop", registry=None)
        jobs.inc()
        """,
        "give their values first, as in metric.labels(…).inc()",
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", ["kind"], segment="shop", registry=None)
        jobs.labels("mail").inc()
        assert jobs.labels("mail").value == 1
        """,
    ),
    Refusal(
        ValueError,
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", ["kind"], segment="shop", registry=None)
        jobs.value
        """,
        "give their values first, as in metric.labels(…).value",
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", ["kind"], segment="shop", registry=None)
        assert jobs.labels("mail").value == 0
        """,
    ),
    Refusal(
        TypeError,
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", "kind", segment="shop", registry=None)
        """,
        "expected a list of names, such as ['kind']; got 'kind'",
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", ["kind"], segment="shop", registry=None)
        jobs.labels("mail").inc()
        """,
    ),
    Refusal(
        ValueError,
        """
        from rseq.metrics import Histogram
        sizes = Histogram("sizes", "Sizes.", ["le"], segment="shop", registry=None)
        """,
        "'le' is a label that a histogram makes itself; choose another name",
        """
        from rseq.metrics import Histogram
        sizes = Histogram("sizes", "Sizes.", ["most"], segment="shop", registry=None)
        sizes.labels("1").observe(0.5)
        """,
    ),
    Refusal(
        ValueError,
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", segment="shop", registry=None)
        jobs.inc(-1)
        """,
        "a counter only grows: expected an amount of 0 or more",
        """
        from rseq.metrics import Counter
        jobs = Counter("jobs", "Jobs done.", segment="shop", registry=None)
        jobs.inc(0)
        assert jobs.value == 0
        """,
    ),
]
