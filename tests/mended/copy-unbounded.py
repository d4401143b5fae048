import rseq
from rseq import f64, i32, i64, prepared


class Items(rseq.Record):
    count: i64
    small: i32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    latest: prepared[i64]


@rseq.sequence
def echo(cpu: Items, data: bytes, out: bytearray) -> None:
    rseq.copy(cpu.slots, data, len(data))
    rseq.copy(out, cpu.slots, len(data))


def example() -> None:
    out = bytearray(8)
    echo.bind(rseq.percpu(Items))(b"restart", out)
    assert out == b"restart\0"
