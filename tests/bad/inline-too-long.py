from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.inline
def mix(n: i64) -> i64:
    return (n * 5 + 1) ^ (n >> 7)


@rseq.inline
def mix_8(n: i64) -> i64:
    return mix(mix(mix(mix(mix(mix(mix(mix(n))))))))


@rseq.inline
def mix_64(n: i64) -> i64:
    return mix_8(mix_8(mix_8(mix_8(mix_8(mix_8(mix_8(mix_8(n))))))))


@rseq.inline
def mix_512(n: i64) -> i64:
    return mix_64(mix_64(mix_64(mix_64(mix_64(mix_64(mix_64(mix_64(n))))))))


@rseq.sequence
def add_mixed(cpu: Cell, n: i64) -> None:
    cpu.value += mix_512(mix_512(mix_512(n)))
