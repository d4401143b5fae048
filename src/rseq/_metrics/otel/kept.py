"""How streams are kept in a segment: the kinds of entries, the types of series, the words. Reading needs no SDK."""

from __future__ import annotations

STREAM, DESCRIPTION = "Stream", "Description"
"""Kinds of entries (streams.py)."""

IS_FLOAT, SETS = range(2)
STREAM_BYTES = 16
"""The words of a stream."""

KINDS = (
    "counter",
    "up_down_counter",
    "histogram",
    "gauge",
    "observable_counter",
    "observable_up_down_counter",
    "observable_gauge",
)
"""Of instruments."""

MONOTONIC = frozenset(("counter", "observable_counter"))

SUM, LAST, HISTOGRAM, EXPONENTIAL = "sum", "last", "histogram", "exponential"
"""What becomes of measurements."""

SCALE = 5
"""At which exponential histograms are counted. A bucket's bounds differ by 2.2 %, so the middle is right to 1.1 %."""

SUM_TYPE, HISTOGRAM_TYPE, EXPONENTIAL_TYPE, WINDOW_TYPE = (
    "otel sum",
    "otel histogram",
    "otel exponential",
    "otel window",
)
"""Types of series."""

TOTAL, COUNTS = range(2)
"""Numbers of a histogram: the sum, and the buckets' counts from there on."""

ZEROS = 1
"""Of an exponential one: how many observations were 0."""

UP_AND_DOWN, SET = "livesum", "mostrecent"
"""How the lines of processes are put together."""
