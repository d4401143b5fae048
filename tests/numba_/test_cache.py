"""Machine code that Numba keeps on disk: exact in a process where everything lies elsewhere, and never out of date."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}

_COUNT = """
    import ctypes, sys, threading
    import numba
    import rseq
    from rseq import i64

    class Widest(rseq.Record):
        value: i64

    @rseq.sequence
    def widen(cpu: Widest, x: i64) -> bool:
        if x > cpu.value:
            cpu.value = x
            return True
        return False

    @numba.njit(nogil=True, cache=True)
    def count(hits, bins, sums, widest, times):
        widened = 0
        for i in range(times):
            hits.add()
            bins.add((i & 1, i % 3))
            sums.add(0.5)
            widened += widest(i)
        return widened

    times, threads = 300_000, 2
    hits, bins, sums, storage = rseq.Counter(), rseq.CounterArray((2, 3)), rseq.FloatCounter(), rseq.percpu(Widest)
    given = hits, bins, sums, widen.bind(storage), times
    import rseq.numba  # threads are the first to compile: see there
    running = [threading.Thread(target=count, args=given) for _ in range(threads)]
    for thread in running:
        thread.start()
    count(*given)
    threads += 1
    for thread in running:
        thread.join()
    assert hits.value == threads * times
    assert bins.values().tolist() == [[threads * times // 6] * 3] * 2
    assert sums.value == threads * times / 2
    assert storage.per_cpu()["value"].max() == times - 1
    loaded, made = sum(count.stats.cache_hits.values()), sum(count.stats.cache_misses.values())
    offset = ctypes.c_ssize_t.in_dll(ctypes.CDLL(None), "__rseq_offset").value
    print("loaded" if loaded and not made else "made", offset, hits.per_cpu()[-1] == hits.value)
"""


def ran(done: subprocess.CompletedProcess[str]) -> tuple[str, str, str]:
    """What a child says: whether the code was loaded or made, the area's offset, whether all was on the spare lane."""
    how, offset, is_spare = done.stdout.split()
    return how, offset, is_spare


_OTHER_LIBC = """
    #include <stddef.h>
    #include <stdint.h>
    #include <unistd.h>

    struct area { uint32_t cpu_id_start, cpu_id; uint64_t rseq_cs; uint32_t flags, node_id, mm_cid, rest; };
    static __thread struct area area __attribute__((aligned(32), tls_model("initial-exec"))) = {0, (uint32_t)-1};
    __thread char room[4096] __attribute__((tls_model("initial-exec"))) = {1};

    ptrdiff_t __rseq_offset;
    unsigned __rseq_size, __rseq_flags;

    __attribute__((constructor)) static void register_main_thread(void)
    {
        __rseq_offset = (char *)&area - (char *)__builtin_thread_pointer();
        if (syscall(334, &area, sizeof area, 0, 0x53053053) == 0)
            __rseq_size = sizeof area;
    }
"""


@pytest.fixture
def other_libc(tmp_path: Path) -> dict[str, str]:
    """An environment with the rseq area elsewhere, as another libc has it: in thread-local storage of a library.

    Only the main thread is registered there; threads that it starts are not.
    """
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc, which makes a library with an rseq area of its own, is not installed")
    source, library = tmp_path / "other.c", tmp_path / "other.so"
    source.write_text(_OTHER_LIBC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return OFF | {"LD_PRELOAD": str(library)}


@pytest.mark.needs_rseq
@pytest.mark.arch("x86_64")
def test_cached_code_is_exact_where_the_area_lies_elsewhere(run_script: Any, other_libc: dict[str, str]) -> None:
    how, offset, is_spare = ran(run_script(_COUNT))
    assert (how, is_spare) == ("made", "False")
    how, other_offset, is_spare = ran(run_script(_COUNT, env=other_libc))
    assert (how, is_spare) == ("loaded", "False")
    assert other_offset != offset


@pytest.mark.slow
@pytest.mark.needs_rseq
def test_cached_code_is_exact_without_rseq(run_script: Any) -> None:
    assert ran(run_script(_COUNT))[0] == "made"
    how, _, is_spare = ran(run_script(_COUNT, env=OFF))
    assert (how, is_spare) == ("loaded", "True")


@pytest.mark.slow
def test_code_made_without_rseq_is_exact_with_it(run_script: Any) -> None:
    ran(run_script(_COUNT, env=OFF))
    ran(run_script(_COUNT))


_CHANGED = """
    import numba, rseq
    from rseq import i64

    class R(rseq.Record):
        value: i64

    @rseq.sequence
    def step(cpu: R, n: i64 = {default}) -> None:
        cpu.value += n {operation}

    @rseq.routine
    def steps(cpu: R, n: i64) -> None:
        step(cpu, n)

    from functions import call, call_with  # unchanged, and cached by Numba

    one, other = rseq.percpu(R), rseq.percpu(R)
    call(step.bind(one))
    call_with(steps.bind(other), 10)
    print(*(int(storage.per_cpu()["value"].sum()) for storage in (one, other)), sum(call.stats.cache_hits.values()))
"""

_FUNCTIONS = """
import numba

@numba.njit(cache=True)
def call(bound):
    bound()

@numba.njit(cache=True)
def call_with(bound, n):
    bound(n)
"""


@pytest.mark.slow
def test_a_sequence_that_has_changed_is_compiled_anew(run_script: Any, tmp_path: Path) -> None:
    (tmp_path / "functions.py").write_text(_FUNCTIONS)
    variants = [
        (1, "* 2", "2 20 0"),
        (1, "* 2", "2 20 1"),
        (3, "* 2", "6 20 0"),
        (3, "* 5", "15 50 0"),
    ]
    for default, operation, expected in variants:
        script = _CHANGED.format(default=default, operation=operation)
        done = run_script(script, env={"PYTHONPATH": str(tmp_path)})
        assert done.stdout.strip() == expected


@pytest.mark.slow
def test_functions_that_use_globals_are_not_cached_and_say_so(run_script: Any) -> None:
    script = """
        import warnings
        import numba, rseq

        hits = rseq.Counter()

        @numba.njit
        def inner():
            hits.add()

        @numba.njit(cache=True)
        def direct():
            hits.add()

        @numba.njit(cache=True)
        def through_another():
            inner()

        for function in (direct, through_another):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                function()
            assert any("Cannot cache compiled function" in str(warning.message) for warning in caught), caught
            assert not function.stats.cache_hits
        assert hits.value == 2
    """
    run_script(script)
    run_script(script)  # nothing has been cached for it


@pytest.mark.slow  # tests/numba_/test_calls.py and test_refusals.py have each of them, in this process
@pytest.mark.parametrize("environment", [OFF, {}], ids=["without rseq", "as it is"])
def test_every_way_of_counting_without_cache(run_script: Any, environment: dict[str, str]) -> None:
    script = """
        import numba, numpy as np, rseq

        @numba.njit(parallel=True)
        def count(hits, bins, short, values):
            for i in numba.prange(values.size):
                hits.add()
                bins.add(values[i] % 4, values[i])
                short.add(0.5)

        in_a_global = rseq.Counter()

        @numba.njit(parallel=True)
        def count_global(times):
            for i in numba.prange(times):
                in_a_global.add(i & 1)

        times = 100_000
        for index in ("cpu_id", "mm_cid"):
            hits, bins = rseq.Counter(index=index), rseq.CounterArray(4, index=index)
            short, values = rseq.FloatCounter(index=index), np.arange(times)
            count(hits, bins, short, values)
            assert hits.value == times
            assert bins.values().tolist() == [values[n::4].sum() for n in range(4)]
            assert short.value == times / 2
        count_global(times)
        assert in_a_global.value == times // 2
        all_spare = in_a_global.per_cpu()[-1] == times // 2
        assert all_spare == (not rseq.available()), in_a_global.per_cpu()
    """
    run_script(script, env=environment)


@pytest.mark.slow
def test_the_tests_of_calls_and_arguments_pass_without_rseq(run_script: Any) -> None:
    here = Path(__file__).parent
    script = """
        import sys
        import pytest

        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "not threads and not prange", *sys.argv[1:]]))
    """
    run_script(script, *(str(here / f"test_{name}.py") for name in ("calls", "arguments")), env=OFF)
