"""Measure what per-CPU data costs here, next to what a program would use otherwise.

`run` runs implementations of one operation interleaved and checks their totals; `native`, `python` and `processes`
hold the implementations; `report` and `plot` show the results; `machine` says where that was; `command`
is `rseq bench`; `librseq` adds what `--librseq` measures.
"""
