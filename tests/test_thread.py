"""The calling thread: registered or why not, on any system; CPU numbers; fences."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rseq import _abi as abi
from rseq import _arch as arch
from rseq import _thread as thread
from support import ThreadSet, run_python

UNREGISTERED = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
NOT_HERE = "sequences can be written, checked and emitted here, but not run"
INSTEAD = "sequences run on the spare lane under a lock, exact but slower"

# In a child process: system call `number` fails with `failure` from now on, in this and all later threads.
FORBID = """
    import ctypes, errno, json, os, struct, sys, threading
    from rseq import arch, thread

    def forbid(number, failure):
        libc = ctypes.CDLL(None, use_errno=True)
        # load the number of the call; if it is not this one, skip a line; fail; allow
        lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | failure), (0x06, 0, 0, 0x7FFF0000)]
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
        address = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(program)))
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
        assert libc.prctl(22, 2, address, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
"""


@pytest.fixture
def forget() -> Iterator[None]:
    """Let the module look at the system anew, and again after the test."""
    caches = (thread._calling_thread, thread._thread_pointer_code, thread.possible_cpus, thread._libc)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def pinned() -> Iterator[set[int]]:
    """The CPUs that this process may use; the test may pin itself to some of them."""
    allowed = os.sched_getaffinity(0)
    yield allowed
    os.sched_setaffinity(0, allowed)


def found_by_child(code: str, env: dict[str, str] | None = None) -> dict[str, object]:
    """What `rseq._thread.info()` finds in a child process, after `code`, in that process's main thread."""
    done = run_python(code + "\n    print(json.dumps(thread.info().as_dict()))", env=env)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def sentences(found: thread.Info) -> dict[str, str]:
    return dict(found.missing)


# Registration


@pytest.mark.needs_rseq
def test_threads_are_registered_by_libc(threads: ThreadSet) -> None:
    found: list[thread.Info] = []
    threads.run(2, lambda: found.append(thread.info()))
    for info in [thread.info(), *found]:
        assert (info.registered, info.registered_by, info.kernel_has_rseq) == (True, "libc", True)
        assert "cpu_id" in info.fields
        assert info.usable_size >= abi.FEATURE_SIZE_FIRST


@pytest.mark.needs_rseq
def test_each_thread_has_an_area_of_its_own(threads: ThreadSet) -> None:
    areas: set[int | None] = set()
    threads.run(3, lambda: areas.add(thread._calling_thread().area))
    assert len(areas | {thread._calling_thread().area}) == 4


@pytest.mark.needs_rseq
def test_a_forked_child_is_registered() -> None:
    assert thread.available()
    child = os.fork()
    if child == 0:
        os._exit(0 if thread.available() and thread.info().registered_by == "libc" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_with_the_tunable_off_nobody_registers_and_the_sentence_names_the_tunable() -> None:
    found = found_by_child("    import json\n    from rseq import thread\n", UNREGISTERED)
    assert (found["registered"], found["registered_by"], found["usable_size"]) == (False, "nobody", 0)
    assert (found["kernel_has_rseq"], found["turned_off"], found["fields"]) == (True, True, [])
    sentence = f"GLIBC_TUNABLES contains glibc.pthread.rseq=0, which tells libc not to register threads: {INSTEAD}."
    assert found["missing"] == [{"what": "registration", "sentence": sentence}]


def test_asking_registers_nobody() -> None:
    run_python(
        """
        import ctypes
        from rseq import arch, thread
        assert [thread.info().registered_by for _ in range(2)] == ["nobody", "nobody"]
        host, memory = arch.host(), ctypes.create_string_buffer(96)
        area = -(-ctypes.addressof(memory) // 64) * 64
        assert thread._call(host.syscall, area, 32, 0, host.signature) == 0, "somebody was registered"
        """,
        env=UNREGISTERED,
    )


def test_an_area_that_another_library_registered_is_told_apart() -> None:
    found = found_by_child(
        """
    import ctypes, json
    from rseq import arch, thread
    host, memory = arch.host(), ctypes.create_string_buffer(96)
    area = -(-ctypes.addressof(memory) // 64) * 64
    assert thread._call(host.syscall, area, 32, 0, host.signature) == 0
    """,
        UNREGISTERED,
    )
    assert (found["registered"], found["registered_by"]) == (False, "someone else")
    sentence = (
        "Another library (tcmalloc does so) registered this thread in libc's place and keeps the area to itself: "
        f"{INSTEAD}."
    )
    assert found["missing"] == [{"what": "registration", "sentence": sentence}]


def test_a_kernel_without_rseq_is_told_from_a_libc_without_it() -> None:
    done = run_python(
        FORBID
        + """
    forbid(arch.host().syscall, errno.ENOSYS)
    show = "import json; from rseq import thread; print(thread.cpu_number() >= 0, json.dumps(thread.info().as_dict()))"
    os.execv(sys.executable, [sys.executable, "-c", show])
    """
    )
    works, _, text = done.stdout.partition(" ")
    found = json.loads(text)
    assert works == "True"
    assert (found["kernel_has_rseq"], found["registered"], found["registered_by"]) == (False, False, "nobody")
    sentence = (
        "The kernel answers ENOSYS to rseq, as it does before Linux 4.18, without CONFIG_RSEQ, "
        f"or behind a seccomp filter or an emulator that does not know the call: {INSTEAD}."
    )
    assert found["missing"] == [{"what": "kernel", "sentence": sentence}]


def test_a_filter_that_forbids_the_call_is_named() -> None:
    done = run_python(
        FORBID
        + """
    forbid(arch.host().syscall, errno.EPERM)
    print(thread._ask_kernel(arch.host()))
    show = "from rseq import thread; print(thread.info().missing[0].sentence)"
    os.execv(sys.executable, [sys.executable, "-c", show])
    """
    )
    sentence = f"The kernel answers EPERM to rseq, so a seccomp filter probably forbids the call: {INSTEAD}.\n"
    assert done.stdout.endswith(sentence)


@pytest.mark.needs_rseq
def test_a_registration_that_is_taken_back_is_noticed_at_once() -> None:
    done = run_python(
        """
        from rseq import abi, arch, thread
        host, area = arch.host(), thread._calling_thread().area
        length = max(abi.AREA_SIZE, thread._libc_size())
        assert thread.available()
        assert thread._call(host.syscall, area, length, abi.RSEQ_FLAG_UNREGISTER, host.signature) == 0
        assert not thread.available() and thread.cpu_number() >= 0
        print(thread.info().registered_by, thread.info().missing[0].sentence)
        """
    )
    assert done.stdout == (
        "nobody libc registers threads, but not this one: "
        f"it was not started by libc, or its registration was taken back: {INSTEAD}.\n"
    )


@pytest.mark.parametrize(
    ("libc_size", "feature_size", "usable"),
    [
        (None, 33, 0),  # no symbol
        (0, 28, 0),  # registration failed, or is turned off
        (20, 0, 20),  # before Linux 6.3
        (32, 0, 20),
        (20, 28, 28),  # glibc 2.40 and before: either number only says that 32 bytes are there
        (32, 28, 28),
        (20, 33, 32),  # Linux 7 beside such a glibc: what lies beyond 32 bytes is not there
        (32, 33, 32),
        (28, 28, 28),  # glibc 2.41 and later: its own answer
        (33, 33, 33),
        (24, 28, 24),
    ],
)
def test_usable_size_follows_the_rule_of_librseq(libc_size: int | None, feature_size: int, usable: int) -> None:
    assert thread.usable_size(libc_size, feature_size) == usable


@pytest.mark.parametrize(
    ("tunables", "off"),
    [
        ("", False),
        ("glibc.pthread.rseq=0", True),
        ("glibc.pthread.rseq=1", False),
        ("glibc.malloc.check=3:glibc.pthread.rseq=0", True),
        ("glibc.pthread.rseq=0:glibc.pthread.rseq=1", False),
        ("glibc.pthread.rseq", False),
    ],
)
def test_tunables_are_read_as_glibc_reads_them(tunables: str, off: bool) -> None:
    assert thread._turned_off(tunables) is off


def test_a_glibc_without_a_signature_for_this_architecture_has_no_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "_symbol", lambda name, kind: 0)
    assert thread.rseq_offset() is None


def test_a_libc_without_the_symbols_has_no_area(monkeypatch: pytest.MonkeyPatch, forget: None) -> None:
    monkeypatch.setattr(thread, "_symbol", lambda name, kind: None)
    info = thread.info()
    assert thread.rseq_offset() is None
    assert not thread.available()
    sentence = f"This libc ({info.libc}) does not register threads for rseq, glibc 2.35 and later do: {INSTEAD}."
    # On a machine whose libc registers them after all, the kernel says that somebody did.
    assert sentences(replace(info, registered_by="nobody")) == {"registration": sentence}


# CPU numbers


def test_the_cpu_number_is_that_of_the_cpu_the_thread_is_pinned_to(pinned: set[int]) -> None:
    for cpu in sorted(pinned):
        os.sched_setaffinity(0, {cpu})
        assert thread.cpu_number() == cpu


def test_an_unregistered_thread_knows_its_cpu() -> None:
    run_python(
        """
        import os
        from rseq import thread
        for cpu in os.sched_getaffinity(0):
            os.sched_setaffinity(0, {cpu})
            assert not thread.available() and thread.cpu_number() == cpu
        """,
        env=UNREGISTERED,
    )


@pytest.mark.parametrize(("text", "count"), [("0-3\n", 4), ("0\n", 1), ("0,2,4-7", 8), ("0-1,128-191", 192), ("", 0)])
def test_possible_cpus_go_up_to_the_highest_number_in_the_list(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "possible").write_text(text)
    assert thread._count_in_list(tmp_path / "possible") == count


def test_without_a_list_possible_cpus_are_counted_by_their_folders(tmp_path: Path) -> None:
    for name in ("cpu0", "cpu999", "cpufreq", "cpuidle"):
        (tmp_path / name).mkdir()
    assert thread._count_in_list(tmp_path / "possible") == 0
    assert thread._count_of_folders(tmp_path) == 1000


def test_without_folders_libc_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_NPROCESSORS_CONF": 6}.__getitem__)
    assert thread._count_of_folders(tmp_path) == 6


def test_this_process_may_only_use_possible_cpus() -> None:
    assert max(os.sched_getaffinity(0)) < thread.possible_cpus()
    assert thread.info().online_cpus <= thread.possible_cpus()


# Fences


@pytest.mark.needs_rseq
def test_fences_reach_one_cpu_or_all(pinned: set[int]) -> None:
    thread.fence()
    for cpu in range(thread.possible_cpus()):
        thread.fence(cpu)


@pytest.mark.needs_rseq
@pytest.mark.parametrize("before", ["pass", "thread.fence()"], ids=["first fence in child", "first fence in parent"])
def test_a_forked_child_can_fence(before: str) -> None:
    run_python(
        f"""
        import os
        from rseq import thread
        {before}
        child = os.fork()
        thread.fence(0)
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
        from rseq import abi, arch, thread
        registered = thread._BARRIERS[{shared}][0]
        def registrations():  # asked of the kernel, from Linux 6.3 on
            return thread._libc().syscall(arch.host().membarrier, 1 << 9, 0, 0, 0)
        thread.register_for_barriers(shared={shared})
        child = os.fork()
        thread.barrier(shared={shared})
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
    for function in (thread.register_for_barriers, thread.barrier):
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
    message = f"expected a CPU from 0 to {thread.possible_cpus() - 1} or None for all, got {cpu}"
    with pytest.raises(ValueError, match=f"^{message}$"):
        thread.fence(cpu)


def test_a_cpu_is_an_integer() -> None:
    with pytest.raises(TypeError):
        thread.fence("0")  # type: ignore[arg-type]


def test_a_cpu_that_is_offline_has_nothing_to_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "_call", lambda number, *arguments: errno.ENXIO)
    thread.fence(0)


@pytest.mark.needs_rseq
def test_a_fence_that_the_kernel_refuses_is_an_error() -> None:
    done = run_python(
        FORBID
        + """
    forbid(arch.host().membarrier, errno.ENOSYS)
    print(thread.info().fences, thread.available(), [what for what, _ in thread.info().missing if what == "fences"])
    try:
        thread.fence()
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
    thread.fence()
    thread.fence(0)
    """,
        env=UNREGISTERED,
    )


# Systems without


def test_a_machine_without_a_file_in_arch_is_answered(monkeypatch: pytest.MonkeyPatch, forget: None) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    info = thread.info()
    assert (info.supported, info.registered, info.kernel_answer) == (False, False, "")
    assert sentences(info) == {"architecture": f"rseq has no code generator for the architecture pdp11: {NOT_HERE}."}
    assert 0 <= thread.cpu_number() < thread.possible_cpus()
    thread.fence()


def test_another_system_is_answered() -> None:
    done = run_python(
        """
        import json, platform, sys
        sys.platform, platform.system, platform.release = "darwin", lambda: "Darwin", lambda: "24.0"
        from rseq import thread
        assert (thread.available(), thread.cpu_number(), thread.fence(), thread.rseq_offset()) == (False, 0, None, None)
        found = thread.info()
        assert found.supported and not found.fences and found.feature_size == 0
        print(json.dumps(found.as_dict()["missing"]))
        """
    )
    sentence = (
        "Restartable sequences are a system call of Linux and this is Darwin: "
        "sequences can be written, checked and emitted here, but not run."
    )
    assert json.loads(done.stdout) == [{"what": "Linux", "sentence": sentence}]


def test_without_executable_memory_the_refusal_is_passed_on(monkeypatch: pytest.MonkeyPatch, forget: None) -> None:
    def refuse(*_: object) -> None:
        raise OSError("nothing may be executed here")

    monkeypatch.setattr("rseq._loader.load", refuse)
    info = thread.info()
    assert (info.registered, info.registered_by) == (False, "unknown")
    assert sentences(info) == {"executable memory": "No sequence can run natively: nothing may be executed here."}
    assert 0 <= thread.cpu_number() < thread.possible_cpus()


def test_importing_loads_no_code() -> None:
    run_python(
        """
        from rseq import thread
        assert thread._thread_pointer_code.cache_info().currsize == 0
        assert thread._calling_thread.cache_info().currsize == 0
        """
    )


# What there is, and what is missing


@pytest.fixture
def complete() -> thread.Info:
    """A thread that lacks nothing."""
    fields = ("cpu_id", "node_id", "mm_cid", "slice_ctrl")
    return replace(
        thread.info(),
        system="Linux",
        supported=True,
        executable_memory="",
        kernel_has_rseq=True,
        registered=True,
        registered_by="libc",
        fields=fields,
        fences=True,
    )


def test_of_a_thread_that_has_everything_nothing_is_said(complete: thread.Info) -> None:
    assert complete.missing == ()


@pytest.mark.parametrize(
    ("lost", "what"),
    [("node_id", "node_id"), ("mm_cid", "mm_cid"), ("slice_ctrl", "slice extension"), ("fences", "fences")],
)
def test_each_thing_that_is_missing_has_one_sentence(complete: thread.Info, lost: str, what: str) -> None:
    fields = tuple(field for field in complete.fields if field != lost)
    missing = replace(complete, fields=fields, fences=lost != "fences").missing
    assert [lack.what for lack in missing] == [what]
    assert missing[0].sentence.endswith(".")
    assert ". " not in missing[0].sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 0}, "This libc (libc 1) could not register the main thread, or does not for pdp11"),
        ({"size": 20}, "libc registers threads, but not this one: it was not started by libc, or its"),
        ({"size": 20, "registered_by": "someone else"}, "Another library (tcmalloc does so) registered this thread"),
    ],
)
def test_a_thread_that_is_not_registered_learns_why(
    complete: thread.Info, changes: dict[str, object], sentence: str
) -> None:
    facts = {"registered": False, "registered_by": "nobody", "libc": "libc 1", "architecture": "pdp11", **changes}
    missing = replace(complete, turned_off=False, **facts).missing  # type: ignore[arg-type]
    assert [lack.what for lack in missing] == ["registration"]
    assert missing[0].sentence.startswith(sentence)
    assert missing[0].sentence.endswith(f": {INSTEAD}.")


def test_everything_found_is_json() -> None:
    info = thread.info()
    found = json.loads(json.dumps(info.as_dict()))
    assert found["fields"] == list(info.fields)
    assert set(found) == {*info.__dataclass_fields__, "missing"}


@pytest.mark.needs_rseq
def test_the_area_is_the_one_that_the_kernel_keeps() -> None:
    """The kernel says where a thread's area is to whoever traces that thread."""
    host, child = arch.host(), os.fork()
    assert host is not None
    if child == 0:
        ctypes.CDLL(None).ptrace(0, 0, None, None)  # PTRACE_TRACEME
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        address, length, signature = registration_of(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert address == thread._calling_thread().area
    assert length >= max(abi.AREA_SIZE, thread.info().usable_size)
    assert signature == host.signature


def registration_of(process: int) -> tuple[int, int, int]:
    """Address, length and signature that the kernel knows of a process that is traced."""
    answer = ctypes.create_string_buffer(24)
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    result = ptrace(abi.PTRACE_GET_RSEQ_CONFIGURATION, process, 24, ctypes.addressof(answer))
    assert result == 24, os.strerror(ctypes.get_errno())
    address, length, signature, _flags, _pad = struct.unpack("=QIIII", answer)
    return address, length, signature


def test_what_fails_while_too_many_files_are_open_works_afterwards() -> None:
    """Nothing that was not found then is remembered as not there."""
    code = """
        import os, resource
        import rseq
        from rseq._arch import names
        from rseq._thread import possible_cpus
        held = [os.open(os.devnull, os.O_RDONLY)]
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, before[1]))
        for needs_files in (rseq.available, rseq.info, rseq.Counter, possible_cpus, names):
            try:
                print(needs_files())
            except OSError as error:
                print(error.strerror)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        print(len(names()) > 3, possible_cpus() >= os.cpu_count(), rseq.Counter().value)
    """
    assert run_python(code).stdout.splitlines() == ["Too many open files"] * 5 + ["True True 0"]
