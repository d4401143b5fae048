"""A buffer that is acquired and released: from a pool, from one list under a lock, from malloc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rseq._bench.native.lists import HEAD_AT, Lists, pop, push
from rseq._bench.native.loop import Loops, Turn, function, mutexes, work
from rseq._bench.native.ours import Site, ours
from rseq._bench.native.rcu import all_found
from rseq._bench.run import Implementation, Missing, Operation, threaded
from rseq._codegen.writer import I8, PTR, VOID
from rseq._language.compiled import Compiled
from rseq._structures.pool import Pool
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

ITEM_BYTES, ITEMS = 1024, 256


def _malloc_and_free(turn: Turn) -> int:
    item = turn.call(1, ITEM_BYTES, returns=PTR)
    turn.emit.store(I8(1), item)
    turn.call(2, item, returns=VOID)
    return 1


def _pop_and_push(turn: Turn) -> int:
    head = turn.emit.offset(turn.memory, HEAD_AT)
    with turn.locked(turn.memory):
        taken = pop(turn.emit, head, turn.more)
    with turn.locked(turn.memory):
        push(turn.emit, head, turn.more, taken)
    return 1


_LOOPS = Loops({"malloc": _malloc_and_free, "mutex": _pop_and_push})


def _malloc(workers: int) -> Implementation:
    run = work(_LOOPS["malloc"], [(0, function("malloc"), function("free"))] * workers)
    return threaded("malloc", "malloc, free", run, all_found())


def _mutex(workers: int) -> Implementation:
    lists = Lists(ITEMS)
    lists.put_all()
    words = [(lists.heads.address, 0, *mutexes(lists.heads.address, possible_cpus()), lists.nodes.address)] * workers
    missing = _all_there(lambda: len(set(lists.on_lists())))
    return threaded("mutex", "one free list, pthread mutex", work(_LOOPS["mutex"], words), missing)


def _all_there(free: Callable[[], int]) -> Missing:
    """A check: all runs have had a buffer, and after them all are free."""
    found = all_found()
    return lambda spans: found(spans) or ITEMS - free()


def _turn(site: Site, acquire: Compiled, release: Compiled) -> Any:
    row = site.run(acquire, 0, nothing=-1)
    return site.emit.fit(site.emit.truth(site.run(release, row)), row.type)


def _rseq(workers: int) -> Implementation:
    pool = Pool(ITEM_BYTES, ITEMS)
    loop = ours(_turn, bound_of(pool, "acquire_row").code, bound_of(pool, "release_row").code)
    run = work(loop, [pool.storage.place] * workers, pool)
    return threaded("rseq", "rseq", run, _all_there(lambda: len(pool)))


POOL = Operation(
    name="pool",
    title=f"a buffer of {ITEM_BYTES} bytes, native loop",
    unit="buffer",
    makers={"rseq": _rseq, "mutex": _mutex, "malloc": _malloc},
)
