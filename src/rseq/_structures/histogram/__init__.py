"""Counts of observations by bucket, their sum, and quantiles."""

from rseq._structures.histogram.histogram import Histogram

__all__ = ["Histogram"]
