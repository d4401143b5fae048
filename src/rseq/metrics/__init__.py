"""Metrics of services with many workers, in a segment: `rseq.metrics.prometheus`."""
