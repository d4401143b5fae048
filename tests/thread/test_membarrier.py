"""Fences and barriers, and what is said where the kernel refuses them."""

from __future__ import annotations

import errno
import platform
from pathlib import Path

import pytest

from rseq import _abi as abi
from rseq._thread import cpus, membarrier
from seccomp import FORBID, UNREGISTERED
from support import run_python


@pytest.mark.needs_rseq
def test_fences_reach_one_cpu_or_all(pinned: set[int]) -> None:
    membarrier.fence()
    for cpu in range(cpus.possible_cpus()):
        membarrier.fence(cpu)


@pytest.mark.needs_rseq
@pytest.mark.parametrize(("given", "asked"), [((), (0, 0)), ((3,), (abi.MEMBARRIER_CMD_FLAG_CPU, 3))])
def test_a_fence_asks_the_kernel_for_one_cpu_or_for_all(
    given: tuple[int, ...], asked: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, ...]] = []
    monkeypatch.setattr(membarrier, "possible_cpus", lambda: 4)
    monkeypatch.setattr(membarrier, "system_call", lambda *call: calls.append(call) or 0)
    membarrier.fence(*given)
    assert [call[1:] for call in calls] == [(abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, *asked)]


@pytest.mark.needs_rseq
@pytest.mark.parametrize("before", ["pass", "membarrier.fence()"], ids=["none before", "one in the parent"])
def test_a_forked_child_can_fence(before: str) -> None:
    run_python(
        f"""
        import os
        from rseq._thread import membarrier
        {before}
        child = os.fork()
        membarrier.fence(0)
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )


@pytest.mark.parametrize("shared", [False, True])
def test_a_forked_child_has_barriers_from_its_parent(shared: bool) -> None:
    run_python(
        f"""
        import os
        from rseq import _arch as arch, _libc as libc
        from rseq._thread import membarrier
        registered = membarrier._BARRIERS[{shared}][0]
        def registrations():  # asked of the kernel, from Linux 6.3 on
            return libc.libc().syscall(arch.host().membarrier, 1 << 9, *(0,) * 5)
        membarrier.register_for_barriers(shared={shared})
        child = os.fork()
        membarrier.barrier(shared={shared})
        assert registrations() == -1 or registrations() & registered
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )


def test_a_barrier_that_the_kernel_refuses_is_an_error() -> None:
    done = run_python(
        FORBID
        + """
    forbid(arch.host().membarrier, errno.ENOSYS)
    for function in (membarrier.register_for_barriers, membarrier.barrier):
        try:
            function(shared=True)
        except OSError as error:
            print(error.errno == errno.ENOSYS, error.strerror)
    """
    )
    message = (
        f"True expected membarrier to fence all threads, but kernel {platform.release()} answers ENOSYS: "
        "this needs Linux 4.16 and no seccomp filter that forbids membarrier\n"
    )
    assert done.stdout == 2 * message


@pytest.mark.parametrize("cpu", [-1, 1 << 20])
def test_a_cpu_that_cannot_exist_is_refused(cpu: int) -> None:
    message = f"expected a CPU from 0 to {cpus.possible_cpus() - 1} or None for all, got {cpu}"
    with pytest.raises(ValueError, match=f"^{message}$"):
        membarrier.fence(cpu)


def test_a_cpu_is_an_integer() -> None:
    with pytest.raises(TypeError):
        membarrier.fence("0")  # type: ignore[arg-type]


def test_a_cpu_that_is_offline_has_nothing_to_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membarrier, "system_call", lambda number, *arguments: errno.ENXIO)
    membarrier.fence(0)


@pytest.mark.needs_rseq
def test_a_fence_that_the_kernel_refuses_is_an_error() -> None:
    done = run_python(
        FORBID
        + """
    forbid(arch.host().membarrier, errno.ENOSYS)
    found = report.info()
    print(found.fences, registration.available(), [what for what, _ in found.missing if what == "fences"])
    try:
        membarrier.fence()
    except OSError as error:
        print(error.errno == errno.ENOSYS, error.strerror)
    """
    )
    assert done.stdout == (
        "False True ['fences']\n"
        f"True expected membarrier to restart sequences, but kernel {platform.release()} answers ENOSYS: "
        "this needs Linux 5.10 and no seccomp filter that forbids membarrier\n"
    )


def test_where_no_thread_is_registered_there_is_nothing_to_fence() -> None:
    run_python(
        FORBID
        + """
    forbid(arch.host().membarrier, errno.ENOSYS)
    membarrier.fence()
    membarrier.fence(0)
    """,
        env=UNREGISTERED,
    )


def test_a_fence_opens_no_file_also_where_no_machine_code_has_come_with_the_package(tmp_path: Path) -> None:
    run_python(
        """
        import sys
        import rseq
        from rseq._thread import support
        support.facts = dict
        rseq.fence()
        opened = []
        sys.addaudithook(lambda event, given: event == "open" and opened.append(given))
        rseq.fence()
        assert support.fact("membarrier") and not opened, opened
        """,
        env={"RSEQ_CACHE_DIR": str(tmp_path)},
    )
