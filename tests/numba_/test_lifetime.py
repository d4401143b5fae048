"""What lives how long: memory behind arguments and globals, and the machine code of deleted functions."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import rseq
import support

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


@numba.njit(nogil=True)
def count(hits: Any, times: Any) -> None:
    for _ in range(times):
        hits.add()


def test_a_counter_that_was_an_argument_is_freed() -> None:
    hits = rseq.Counter()
    count(hits, 10)
    count_with(hits.add)
    dead = [weakref.ref(hits), weakref.ref(hits.storage.memory)]
    del hits
    gc.collect()
    assert [reference() for reference in dead] == [None, None]


@numba.njit
def count_with(add: Any) -> None:
    add(5)


def test_a_counter_in_a_global_lives_as_long_as_the_code() -> None:
    def make() -> tuple[Any, Any]:
        hits = rseq.Counter()

        @numba.njit
        def count_global() -> None:
            hits.add(3)

        count_global()
        return count_global, weakref.ref(hits)

    count_global, reference = make()
    count_global.py_func.__closure__[0].cell_contents = None  # nobody but the code has it now
    gc.collect()
    assert reference() is not None, "its memory would be given to the next counter, which the code would count in"
    others = [rseq.Counter() for _ in range(4)]
    count_global()
    assert [other.value for other in others] == [0, 0, 0, 0]
    assert reference().value == 6


def test_a_counter_may_be_dropped_while_compiled_code_counts_in_it(threads: support.ThreadSet) -> None:
    count(rseq.Counter(), 1)
    for _ in range(20):
        threads.start(count, rseq.Counter(), 20_000)  # the call has the only reference
    others = [rseq.Counter() for _ in range(20)]
    threads.join()
    assert [other.value for other in others] == [0] * 20


def test_a_structure_that_was_never_set_up_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="made without calling __init__"):
        count(rseq.Counter.__new__(rseq.Counter), 1)


@pytest.mark.slow
@pytest.mark.needs_rseq
def test_numba_keeps_the_code_of_deleted_functions_mapped_and_unchanged(run_script: Any) -> None:
    # A thread's rseq_cs may point into that code until the kernel next looks at it: were it gone, the kernel would kill
    # the process. So rseq.numba relies on what this test finds for the installed Numba.
    run_script(
        """
        import ctypes, gc, sys, weakref
        import numba, rseq
        from rseq._arch import host

        signature = host().signature.to_bytes(4, sys.byteorder)  # stands before the abort handler

        def make(step):
            @numba.njit
            def count(hits, times):
                for _ in range(times):
                    hits.add(step)
            return count

        def mapping(address):
            for line in open("/proc/self/maps"):
                bounds, rights = line.split()[:2]
                start, end = (int(part, 16) for part in bounds.split("-"))
                if start <= address < end:
                    return end, rights
            raise AssertionError(f"{address:#x} is no longer mapped")

        def compiled(step):
            function = make(step)
            function(hits, 10)
            (result,) = function.overloads.values()
            name = result.fndesc.llvm_func_name
            address = result.library.codegen._engine._ee.get_function_address(name)
            assert address, name
            return function, address

        hits = rseq.Counter()
        function, address = compiled(1)
        end, rights = mapping(address)
        assert "x" in rights and "w" not in rights, rights
        handler = ctypes.string_at(address, end - address).index(signature)
        size = handler + 64  # with the abort handler and the descriptor
        before = ctypes.string_at(address, size)
        reference = weakref.ref(function)
        del function
        for step in range(2, 12):
            gc.collect()
            compiled(step)
        gc.collect()
        assert reference() is None
        assert mapping(address) == (end, rights)
        assert ctypes.string_at(address, size) == before
    """
    )


@pytest.mark.slow
def test_functions_are_collected_while_their_threads_are_interrupted(run_script: Any) -> None:
    run_script("""
        import gc, os, signal, sys, threading, time, weakref
        import numba, rseq

        sys.setswitchinterval(1e-4)
        hits, in_handler = rseq.Counter(), rseq.Counter()
        signal.signal(signal.SIGALRM, lambda *_: in_handler.add())
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        rounds, times, failures = 4, 300_000, []
        import rseq.numba  # threads are the first to compile: see there

        def make():
            @numba.njit(nogil=True)
            def count(hits, times):
                for _ in range(times):
                    hits.add()
            return count

        def work(given):
            try:
                function = given.pop()
                function(hits, times)
                reference = weakref.ref(function)
                del function
                gc.collect()
                until = time.monotonic() + 0.05
                while time.monotonic() < until:  # rseq_cs still points into the code
                    os.sched_yield()
                assert reference() is None
            except BaseException as failure:
                failures.append(failure)

        for _ in range(rounds):
            running = [threading.Thread(target=work, args=([make()],)) for _ in range(3)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert not failures, failures
        assert hits.value == rounds * 3 * times
        assert in_handler.value > 0
    """)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("nogil", [False, True])
def test_compiled_code_and_python_wait_for_the_spare_lane_without_a_deadlock(run_script: Any, nogil: bool) -> None:
    done = run_script(
        """
        import sys, threading
        import numba, rseq

        assert not rseq.available()
        sys.setswitchinterval(1e-5)

        @numba.njit(nogil=sys.argv[1] == "True")
        def count(hits, times):
            for _ in range(times):
                hits.add()

        def count_in_python(hits, times):
            for _ in range(times):
                hits.add()

        hits = rseq.Counter()
        count(hits, 0)
        running = [threading.Thread(target=function, args=(hits, times))
                   for function, times in [(count, 100_000), (count_in_python, 20_000)] * 2]
        for round in range(5):
            others = [threading.Thread(target=count, args=(hits, 2_000)) for _ in range(4)]
            running += others
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        print(hits.value)
        """,
        str(nogil),
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )
    assert int(done.stdout) == 2 * 120_000 + 20 * 2_000
