"""A Dask cluster of processes on this machine. What its workers take for a host is a folder for segments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import distributed

from shared.folders import VARIABLE


@contextmanager
def cluster(root: Path, *hosts: str) -> Iterator[distributed.Client]:
    """A client of a cluster with a worker for each of `hosts`, the names of folders that are made in `root`."""
    workers = {number: _worker(root, host) for number, host in enumerate(hosts)}
    scheduler = {"cls": distributed.Scheduler, "options": {"host": "127.0.0.1", "dashboard": False}}
    with (
        distributed.SpecCluster(workers=workers, scheduler=scheduler, silence_logs=50) as there,
        distributed.Client(there) as client,
    ):
        client.wait_for_workers(len(hosts))
        yield client


@contextmanager
def worker(client: distributed.Client, root: Path, host: str, *, is_restarted: bool = True) -> Iterator[str]:
    """One more worker, for as long: its address. `is_restarted`: if it is killed, there comes another one."""
    made = _worker(root, host)

    async def start() -> distributed.Nanny:
        nanny = await made["cls"](client.scheduler.address, **made["options"])
        nanny.auto_restart = is_restarted
        return nanny

    nanny: distributed.Nanny = client.sync(start)
    try:
        yield nanny.worker_address
    finally:
        client.sync(nanny.close)


def _worker(root: Path, host: str) -> dict[str, Any]:
    (root / host).mkdir(mode=0o700, exist_ok=True)
    kept = os.environ["RSEQ_CACHE_DIR"] or str(root / "compiled")  # by one worker for the others
    env = {VARIABLE: str(root / host), "RSEQ_CACHE_DIR": kept}
    return {"cls": distributed.Nanny, "options": {"host": "127.0.0.1", "nthreads": 1, "env": env, "silence_logs": 50}}


def files(root: Path, host: str) -> list[str]:
    """The segments that a host has."""
    return sorted(os.listdir(root / host))
