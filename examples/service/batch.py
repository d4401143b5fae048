"""The shop without a server: orders through a pool of processes, `rseq run -- python batch.py 2000`.

A pool whose worker is killed is broken, and says nothing of what its workers were doing. Another pool takes its place,
and what was not answered is sent again. Pools are replaced after a while anyway; `max_tasks_per_child` would replace
single workers, but can hang (https://github.com/python/cpython/issues/115634). After each hundred orders a line says
how many were answered, and by which worker the last one was.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from shop import counted, take_order

TILLS, WORKERS, ORDERS_OF_A_POOL = 8, 4, 800


def order(one: int) -> int:
    """Take an order: all are numbered, and the tills take turns. Returns: the worker's pid."""
    number, till = divmod(one, TILLS)
    with counted("/orders"):
        take_order(str(till), number)
    return os.getpid()


def through_pools(orders: int) -> Iterator[int]:
    """Have so many orders taken, those of each till one after the other. Yields: the worker of each, once answered."""
    answered = 0
    while answered < orders:
        last = min(orders, answered + ORDERS_OF_A_POOL)
        with ProcessPoolExecutor(WORKERS) as pool:
            try:
                while answered < last:
                    for worker in pool.map(order, range(answered, min(last, answered + TILLS))):
                        answered += 1
                        yield worker
            except BrokenProcessPool:
                print("a worker was killed: another pool takes over", file=sys.stderr)


def main() -> None:
    """Take as many orders as the command says."""
    for answered, worker in enumerate(through_pools(int(sys.argv[1])), 1):
        if answered % 100 == 0:
            print(answered, worker, flush=True)


if __name__ == "__main__":
    main()
