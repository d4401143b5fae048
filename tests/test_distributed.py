"""Structures over a Dask cluster: what is counted once, what a task that runs again does, what killed ones leave."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import distributed
import numpy as np
import pytest

import rseq
import rseq.distributed
from clusters import cluster, files, worker
from rseq.distributed import _handed_over, _Stay, share
from shared.folders import folder
from support import run_python


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[distributed.Client]:
    """Two workers on one host, one on another."""
    with cluster(root, "one", "one", "two") as found:
        yield found


def kill(client: distributed.Client, address: str) -> None:
    client.run(lambda: os.kill(os.getpid(), signal.SIGKILL), workers=[address], on_error="ignore")


# ---- counting


def test_workers_of_a_host_share_one_and_a_snapshot_is_of_all_hosts(client: distributed.Client, root: Path) -> None:
    with share(client, rseq.Counter, name="rows") as rows:

        def name_and_add(dask_worker: distributed.Worker) -> tuple[str, str]:
            rows.local.add(10)
            return os.environ["RSEQ_SEGMENT_DIR"], f"{rows.local.name} {rows.local.storage.segment.name}"

        names = Counter(client.run(name_and_add).values())
        assert rows.snapshot() == 30
        assert sorted(client.run(lambda: rows.local.value).values()) == [10, 20, 20]
        (segment,) = {name.split()[1] for _, name in names}
        assert names == {(str(root / "one"), f"rows {segment}"): 2, (str(root / "two"), f"rows {segment}"): 1}
        assert files(root, "one") == files(root, "two") == [f"rseq.{os.geteuid()}.{segment}"]
    assert files(root, "one") == files(root, "two") == []


def test_tasks_count_in_it_and_read_it(client: distributed.Client) -> None:
    with share(client, rseq.Counter) as rows:

        def work(n: int) -> int:
            rows.local.add(n)
            return n

        done = client.gather(client.map(work, range(200), pure=False))
        assert rows.snapshot() == sum(done) == client.submit(rows.snapshot).result()


def test_calls_that_dask_takes_for_equal_are_run_and_counted_once(client: distributed.Client) -> None:
    with share(client, rseq.Counter) as rows:

        def work(part: list[int]) -> int:
            rows.local.add()
            return sum(part)

        assert client.gather(client.map(work, [[1, 2], [1, 2]])) == [3, 3]
        assert rows.snapshot() == 1
        client.gather(client.map(work, [[1, 2], [1, 2]], pure=False))
        assert rows.snapshot() == 3


@pytest.mark.slow
def test_each_structure_is_merged_over_the_hosts(client: distributed.Client) -> None:
    parts = [[1, 5, 5], [20], [300]]

    def total(structure: rseq.distributed.Shared[object], method: str) -> object:
        def work(part: list[int], dask_worker: distributed.Worker) -> None:
            for number in part:
                getattr(structure.local, method)(number)

        with structure:
            for part, address in zip(parts, client.scheduler_info()["workers"], strict=True):
                client.run(work, part, workers=[address])
            return structure.snapshot()

    assert total(share(client, rseq.FloatCounter), "add") == 331.0
    assert total(share(client, rseq.Max), "update") == 300
    assert total(share(client, rseq.Min, rseq.i64), "update") == 1
    assert total(share(client, rseq.KeyedCounter, 10), "add") == {1: 1, 5: 2, 20: 1, 300: 1}
    array = total(share(client, rseq.CounterArray, 301, rseq.i64), "add")
    assert np.array_equal(np.asarray(array), np.bincount([1, 5, 5, 20, 300]))
    sizes = total(share(client, rseq.Histogram.linear, 10, 100, 2), "observe")
    assert isinstance(sizes, rseq.HistogramSnapshot)
    assert (sizes.counts, sizes.sum) == ((3, 1, 0, 1), 331)


# ---- who is killed


def test_a_killed_task_is_run_again_and_counts_again_but_its_result_counts_once(
    client: distributed.Client, root: Path
) -> None:
    with share(client, rseq.Counter) as rows:

        def work(n: int, kills: str) -> int:
            own = rseq.Counter()
            for _ in range(n):
                rows.local.add()
                own.add()
            if n == 50 and not os.path.exists(kills):
                Path(kills).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return own.snapshot()

        counted = client.submit(sum, client.map(work, range(40, 60), kills=str(root / "killed"), pure=False)).result()
        client.wait_for_workers(3)
        assert counted == sum(range(40, 60))
        assert rows.snapshot() >= counted + 50  # the worker may have had other results, which are made again
        (root / "killed").unlink()


@pytest.mark.slow
def test_a_host_whose_only_worker_is_killed_is_read_by_the_next_one(client: distributed.Client, root: Path) -> None:
    with share(client, rseq.Counter) as rows:
        with worker(client, root, "three") as address:
            client.run(lambda: rows.local.add(7), workers=[address])
            kill(client, address)
            client.wait_for_workers(4)
            assert rows.snapshot(timeout=60) == 7
            assert len(files(root, "three")) == 1
        assert rows.snapshot() == 7  # it has left, in order
        assert files(root, "three") == []


@pytest.mark.slow
def test_a_host_that_left_in_order_is_counted_and_one_that_comes_back_begins_anew(
    client: distributed.Client, root: Path
) -> None:
    with share(client, rseq.Counter) as rows:
        for n in (5, 6):
            with worker(client, root, "four") as address:
                client.run(lambda n=n: rows.local.add(n), workers=[address])
                assert client.run(lambda: rows.local.value, workers=[address]) == {address: n}
        assert rows.snapshot() == 11


@pytest.mark.slow
def test_a_host_that_nobody_can_read_is_missed_and_not_left_out(client: distributed.Client, root: Path) -> None:
    with share(client, rseq.Counter) as rows:
        client.run(lambda: rows.local.add(1))
        with worker(client, root, "five", is_restarted=False) as address:
            client.run(lambda: rows.local.add(7), workers=[address])
            kill(client, address)
            for timeout in (0, float("nan")):
                with pytest.raises(
                    RuntimeError, match=r"^<rseq.*Shared 'Counter'>: what was counted on .*/five/.* missing"
                ):
                    rows.snapshot(timeout=timeout)
            assert rows.snapshot(partial=True) == 3
        with worker(client, root, "five"):
            assert rows.snapshot() == 10


# ---- what the latest to leave knows


def left(life: int, until: int, *others: int, snapshot: str = "some") -> _Stay:
    return _Stay("", life, 10, until, frozenset({life, *others}), snapshot)


def killed(life: int, since: int = 10) -> _Stay:
    return _Stay("", life, since)


@pytest.mark.parametrize(
    ("stays", "known"),
    [
        ([killed(1)], None),
        ([left(1, 20)], "some"),
        ([left(1, 15, 2), left(2, 20, snapshot="all")], "all"),
        ([left(2, 20, snapshot="all"), left(1, 15, 2)], "all"),
        ([left(1, 15, 2), left(2, 16, 1, snapshot="all")], "all"),  # at once: both saw the other
        ([killed(1), left(2, 20)], "some"),  # killed before
        ([killed(1), left(2, 20, 3), left(3, 25, 2, snapshot="all")], "all"),
        ([killed(1), left(2, 20, 1)], None),  # killed after, perhaps
        ([killed(1, since=21), left(2, 20)], None),  # came after
    ],
)
def test_the_latest_to_leave_knows_all_unless_one_was_killed_that_may_have_stayed_longer(
    stays: list[_Stay], known: str | None
) -> None:
    last = _handed_over(stays)
    assert (last and last.snapshot) == known


# ---- what is refused


def test_what_cannot_be_shared_is_refused_in_the_client(client: distributed.Client) -> None:
    with pytest.raises(
        TypeError, match=r"^share\(\): expected one of the structures that can be merged \(Counter, .*\)"
    ):
        share(client, rseq.RingBuffer, 4096)
    with pytest.raises(TypeError, match=r"can be merged \(Counter, .*\), got 7$"):
        share(client, 7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^share\(\): expected a dask.distributed.Client .* got 'tcp://…'$"):
        share("tcp://…", rseq.Counter)
    with pytest.raises(TypeError, match=r"^share\(\) takes neither segment nor index"):
        share(client, rseq.Counter, segment="shop")
    with pytest.raises(ValueError, match=r"bounds"):
        share(client, rseq.Histogram, [])


def test_what_workers_cannot_make_leaves_nothing_behind(client: distributed.Client, root: Path) -> None:
    before = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
    with pytest.raises(ValueError, match=r"^name: expected printable letters"):
        share(client, rseq.Counter, name="two\nlines")
    assert client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins)) == before
    assert files(root, "one") == files(root, "two") == []


def test_an_asynchronous_client_is_refused(client: distributed.Client) -> None:
    async def use() -> None:
        async with distributed.Client(client.scheduler.address, asynchronous=True) as other:
            with pytest.raises(TypeError, match=r"that is not asynchronous"):
                share(other, rseq.Counter)

    asyncio.run(use())


def test_only_workers_have_it_and_only_until_it_is_closed(client: distributed.Client) -> None:
    rows = share(client, rseq.Counter)
    with pytest.raises(RuntimeError, match=r"expected `local` to be asked for by a task, in a worker of its cluster"):
        print(rows.local)
    rows.close()
    rows.close()
    with pytest.raises(RuntimeError, match=r"was closed, or its scheduler started anew$"):
        rows.snapshot()
    with pytest.raises(RuntimeError, match=r"and before close\(\)"):
        client.submit(lambda: rows.local).result()


def test_import_rseq_imports_nothing_of_dask() -> None:
    assert run_python("import rseq, sys; print('distributed' in sys.modules, 'dask' in sys.modules)").stdout == (
        "False False\n"
    )
