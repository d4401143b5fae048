"""Measure what per-CPU data costs here, next to what a program would use otherwise.

`run` runs implementations of one operation interleaved and checks their totals; `native`, `python` and `processes`
hold the implementations; `report` and `plot` show the results; `load` finds out whether others were at work; `command`
is `rseq bench`; `librseq` adds what `--librseq` measures.
"""
