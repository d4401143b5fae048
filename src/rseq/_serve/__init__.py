"""`rseq serve`: a segment for Prometheus, and as a page, by a process that only looks at it."""
