"""RCU: while writers wait, each read section begins once and ends once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rseq._language.types import i64, u64
from rseq._sequence import routine
from rseq._stress.workload import Mortal, Workload
from rseq._structures.rcu import RCU
from rseq._structures.rcu.readers_code import Readers, read_lock, read_unlock


def workloads() -> Iterator[Workload[RCU]]:
    """Readers, and now and then a writer."""
    yield Workload("RCU", RCU, _work, _call, _law)


def mortals() -> Iterator[Mortal]:
    """Whoever is killed in a read section reads for ever."""
    yield Mortal("RCU", lambda segment: RCU(segment=segment), _work, _sections, _is_section, bury=_bury)


@routine
def _work(cpu: Readers, turn: u64) -> i64:
    """A read section, ended on whatever CPU it is by then."""
    phase = read_lock(cpu)
    read_unlock(cpu, phase)
    return i64(1)


def _call(rcu: RCU, turn: int) -> int:
    """The same from Python, and a writer who waits for all of it."""
    with rcu:
        pass
    if turn % 8 == 0:
        rcu.synchronize()
    return 1


def _sections(rcu: RCU) -> list[int]:
    lanes = rcu.storage.per_cpu()
    return [int(lanes[field].sum()) for field in ("begun", "ended")]


def _law(rcu: RCU, ledger: Sequence[int]) -> Iterator[str]:
    for field, count in zip(("begun", "ended"), _sections(rcu), strict=True):
        if count != ledger[0]:
            yield f"{count:,} read sections have {field}, and {ledger[0]:,} were run"


def _is_section(difference: Sequence[int]) -> bool:
    """One that has begun, or begun and ended."""
    return tuple(difference) in {(0, 0), (1, 0), (1, 1)}


def _bury(rcu: RCU, process: int, noted: int) -> Iterator[str]:
    """Whoever was killed while he read reads for ever, and `synchronize` says so; otherwise it does not wait."""
    try:
        rcu.synchronize(timeout=0)
    except TimeoutError as error:
        if not rcu.readers:
            yield f"nobody reads, and synchronize() waits: {error}"
    else:
        if rcu.readers:
            yield f"{rcu.readers} readers were killed, and synchronize() did not wait for them"
