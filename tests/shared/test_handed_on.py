"""Handles that are handed to other processes, however these were started, and what is said of those that cannot be."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

import rseq
from makers import made
from rseq._percpu.shared.layout import SegmentError
from rseq._structures.shipped import shipped
from shared import records, workers
from shared.folders import Program, folder
from support import ROOT

METHODS = ("fork", "spawn", "forkserver")
MANY = int(os.environ.get("HANDED_ON_RUNS", "5"))
RUNS = [0, *(pytest.param(number, marks=pytest.mark.slow) for number in range(1, MANY))]
TIMES = 1000
NAMES = pytest.mark.parametrize("name", ["shop", None], ids=["named", "nameless"])


@pytest.fixture(autouse=True)
def _fork_server(segment_folder: Path) -> Iterator[None]:
    """The fork server of each test finds segments where the test does: it keeps the environment that it began with."""
    yield
    server: Any = forkserver
    server._forkserver._stop()


@pytest.fixture(params=METHODS)
def executor(request: pytest.FixtureRequest, _fork_server: None) -> Iterator[ProcessPoolExecutor]:
    """Two processes, started in each of the ways."""
    context: Any = multiprocessing.get_context(request.param)
    with ProcessPoolExecutor(2, mp_context=context) as made:
        yield made


# Exact, however a process was started


def in_processes(method: str, counter: rseq.Counter) -> None:
    """Two processes, which get the counter as an argument."""
    context: Any = multiprocessing.get_context(method)
    processes = [context.Process(target=workers.add, args=(counter, TIMES)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


def in_executor(method: str, counter: rseq.Counter) -> None:
    """Two tasks of an executor."""
    context: Any = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        list(executor.map(workers.add, [counter] * 2, [TIMES] * 2))


def in_programs(counter: rseq.Counter) -> None:
    """Two programs that know two names."""
    code = "import rseq, sys; from shared.workers import add; "
    code += "add(rseq.Counter(name='hits', segment='shop'), int(sys.argv[1]))"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(TIMES)], env={**os.environ, "PYTHONPATH": str(ROOT / "tests")}
        )
        for _ in range(2)
    ]
    assert [program.wait() for program in programs] == [0] * 2


WAYS: dict[str, Callable[[rseq.Counter], None]] = {
    "programs": in_programs,
    **{f"processes-{method}": lambda counter, method=method: in_processes(method, counter) for method in METHODS},
    **{f"executor-{method}": lambda counter, method=method: in_executor(method, counter) for method in METHODS},
}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("way", WAYS)
def test_each_add_counts_once(way: str, run: int) -> None:
    counter = rseq.Counter(name="hits", segment="shop")
    WAYS[way](counter)
    assert counter.value == 2 * TIMES


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "programs"])
def test_each_add_counts_once_in_a_nameless_segment(way: str, run: int) -> None:
    counter = rseq.Counter(segment=rseq.Segment())
    WAYS[way](counter)
    assert counter.value == 2 * TIMES


# What arrives


@pytest.mark.one_in(3)
@NAMES
def test_each_structure_arrives(executor: ProcessPoolExecutor, name: str | None) -> None:
    segment = rseq.Segment(name)
    things = {kind.__name__: made(kind, segment=segment) for kind in shipped()}
    assert list(executor.map(workers.use, things.values())) == [thing.name for thing in things.values()]
    assert things["Counter"].value == 2
    assert things["FloatCounter"].value == 0.5
    assert list(things["CounterArray"].values()) == [0, 3]
    assert things["Histogram"].count == 1
    assert things["Max"].value == things["Min"].value == 7
    assert sorted(bytes(item[:3]) for item in iter(things["Pool"].acquire, None)) == [bytes(3), b"abc"]
    assert [bytes(event.data) for event in things["RingBuffer"].drain()] == [b"event"]
    assert len(things["Stack"]) == 1
    assert "free" in repr(things["SpinLock"])
    assert "0 readers" in repr(things["RCU"])


@pytest.mark.one_in(3)
@NAMES
def test_own_records_are_bound_where_they_arrive(executor: ProcessPoolExecutor, name: str | None) -> None:
    segment = rseq.Segment(name)
    one, rows = rseq.percpu(records.Pair, segment=segment), rseq.array(records.Node, 3, segment=segment)
    list(executor.map(records.bind_and_add, [records.count] * 4, [one] * 4, [TIMES] * 4))
    assert one.per_cpu()["count"].sum() == 4 * TIMES
    executor.submit(records.put_rows, one, rows).result()
    assert list(rows.values["value"]) == [0, 1, 2]


def test_what_a_subclass_has_arrives(executor: ProcessPoolExecutor) -> None:
    segment = rseq.Segment()
    titled = workers.Titled("sold", segment=segment)
    slotted = workers.Slotted(2, segment=segment)
    slotted.title = "left"
    found = [executor.submit(copy.copy, thing).result() for thing in (titled, slotted)]
    assert [type(thing) for thing in found] == [workers.Titled, workers.Slotted]
    assert [thing.title for thing in found] == ["sold", "left"]
    found[0].add(3)
    assert titled.value == 3


def test_a_segment_and_a_method_arrive(executor: ProcessPoolExecutor) -> None:
    segment = rseq.Segment("shop")
    counter = rseq.Counter(name="hits", segment=segment)
    executor.submit(workers.call, counter.add).result()
    assert counter.value == 1
    assert executor.submit(copy.copy, segment).result() is not segment
    assert executor.submit(copy.copy, segment).result() == segment


@NAMES
@pytest.mark.parametrize("method", METHODS)
def test_a_queue_hands_on_what_was_made_after_the_process(method: str, name: str | None) -> None:
    context: Any = multiprocessing.get_context(method)
    tasks, answers = context.Queue(), context.Queue()
    worker = context.Process(target=workers.serve, args=(tasks, answers))
    worker.start()
    segment = rseq.Segment(name)
    counters = [rseq.Counter(segment=segment) for _ in range(3)]
    for counter in counters:
        tasks.put(counter)
    assert [answers.get(timeout=60) for _ in counters] == [counter.name for counter in counters]
    tasks.put(None)
    worker.join()
    assert [counter.value for counter in counters] == [100] * 3


@pytest.mark.one_in(3)
def test_workers_that_open_a_segment_for_each_task_run_out_of_nothing(executor: ProcessPoolExecutor) -> None:
    """There are 1,024 pthread keys, and each table of threads has one."""
    lock = rseq.SpinLock(segment=rseq.Segment("shop"))
    list(executor.map(workers.lock_once, [lock] * 2500, chunksize=1))
    assert "free" in repr(lock)


def test_a_process_that_keeps_its_segments_elsewhere_finds_what_it_is_handed() -> None:
    """As a fork server does that was started before RSEQ_SEGMENT_DIR was set."""
    counter = rseq.Counter(name="hits", segment="shop")
    code = """
        import pickle, sys
        counter = pickle.loads(bytes.fromhex(ask()))
        counter.add(3)
        say(counter.name, counter.value)
    """
    with folder() as elsewhere, Program(code, env={"RSEQ_SEGMENT_DIR": str(elsewhere)}) as other:
        other.tell(pickle.dumps(counter).hex())
        assert other.hear() == "hits 3"
        assert list(elsewhere.iterdir()) == []
    assert counter.value == 3


def test_a_segment_is_let_go_of_with_its_last_handle() -> None:
    lock = rseq.SpinLock(name="till", segment="shop")
    workers.lock_once(lock)
    del lock
    assert [info.processes for info in rseq.segments()] == [()]


# What does not


def test_a_segment_that_is_gone_is_not_found_again() -> None:
    data = pickle.dumps(rseq.Counter(segment=rseq.Segment("shop")))
    with pytest.raises(SegmentError, match=r"^the segment 'shop' that was pickled is gone, and there is a new one"):
        _ = rseq.Segment("shop"), pickle.loads(data)
    rseq.segments()[0].remove()
    with pytest.raises(
        SegmentError, match=r"^the segment 'shop' that was pickled is gone; a process must have it open"
    ):
        pickle.loads(data)


def test_a_bound_sequence_says_what_to_hand_on_instead() -> None:
    bound = records.count.bind(rseq.percpu(records.Pair, segment=rseq.Segment()))
    with pytest.raises(TypeError, match=r"; pass the storage, made in an rseq\.Segment, and bind to it in the process"):
        pickle.dumps(bound)


def test_a_structures_storage_says_that_the_structure_is_handed_on() -> None:
    counter = rseq.Counter(segment=rseq.Segment("shop"))
    with pytest.raises(
        TypeError, match=r"^a structure's storage cannot be pickled or copied by itself; pass the struct"
    ):
        pickle.dumps(counter.storage)


def test_a_nameless_segment_is_handed_to_nobody_but_processes_of_multiprocessing(run_python: Any) -> None:
    run_python(
        """
        import pickle, rseq
        try:
            pickle.dumps(rseq.Counter(segment=rseq.Segment()))
        except TypeError as error:
            assert "Give it a name: rseq.Segment('shop') is found by any program" in str(error), error
        else:
            raise AssertionError
        """
    )


# What is made anew

SCRIPT = """
import multiprocessing, sys
import rseq
{begin}
def work(times):
    for _ in range(times):
        hits.add()

def own(_):
    counter = rseq.Counter(segment=rseq.Segment())
    counter.add()
    return counter.value

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        pool.map(work, [1000] * 4)
        assert pool.map(own, [0] * 4) == [1] * 4
    print(hits.value)
"""
MADE = "hits = rseq.Counter(segment=rseq.Segment({name}))\n"


def told(tmp_path: Path, method: str, begin: str) -> tuple[str, str]:
    """What a script that makes its counter at the beginning of the main module says, and what it warns of."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(begin=begin))
    done = subprocess.run([sys.executable, str(script), method], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("where", ["script", "module"])
def test_a_nameless_segment_that_is_made_anew_warns(tmp_path: Path, method: str, where: str) -> None:
    (tmp_path / "counted.py").write_text("import rseq\n" + MADE.format(name=""))
    begin = MADE.format(name="") if where == "script" else "from counted import hits\n"
    out, warned = told(tmp_path, method, begin)
    assert out == "0\n"
    assert "RuntimeWarning: this nameless segment is made anew in a process that multiprocessing has started" in warned
    assert f"{'script' if where == 'script' else 'counted'}.py" in warned


@pytest.mark.parametrize("method", METHODS)
def test_a_named_segment_that_is_opened_anew_is_the_same(tmp_path: Path, method: str) -> None:
    name = "hits = rseq.Counter(name='hits', segment='shop')\n"
    assert told(tmp_path, method, name) == ("4000\n", "")


def test_forked_processes_have_a_nameless_segment_and_are_not_warned(tmp_path: Path) -> None:
    assert told(tmp_path, "fork", MADE.format(name="")) == ("4000\n", "")
