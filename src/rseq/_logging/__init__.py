"""Inside of `rseq.logging`: how records cross a ring buffer."""
