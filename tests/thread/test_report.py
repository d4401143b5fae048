"""What is said of a thread, on any system: what it has, what is missing, and why."""

from __future__ import annotations

import json
import platform
from dataclasses import replace

import pytest

from rseq._thread import cpus, current, membarrier, report, support
from seccomp import FORBID, UNREGISTERED
from support import run_python

NOT_HERE = "sequences can be written, checked and emitted here, but not run"
INSTEAD = "sequences run on the spare lane under a lock, exact but slower"


def found_by_child(code: str, env: dict[str, str] | None = None) -> dict[str, object]:
    """What `rseq._thread.info()` finds in a child process, after `code`, in that process's main thread."""
    done = run_python(code + "\n    print(json.dumps(report.info().as_dict()))", env=env)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def sentences(found: report.Info) -> dict[str, str]:
    return dict(found.missing)


def test_with_the_tunable_off_nobody_registers_and_the_sentence_names_the_tunable() -> None:
    found = found_by_child("    import json\n    from rseq._thread import report\n", UNREGISTERED)
    assert (found["registered"], found["registered_by"], found["usable_size"]) == (False, "nobody", 0)
    assert (found["kernel_has_rseq"], found["turned_off"], found["fields"]) == (True, True, [])
    sentence = f"GLIBC_TUNABLES contains glibc.pthread.rseq=0, which tells libc not to register threads: {INSTEAD}."
    assert found["missing"] == [{"what": "registration", "sentence": sentence}]


def test_asking_registers_nobody() -> None:
    run_python(
        """
        import ctypes
        from rseq import _arch as arch, _libc as libc
        from rseq._thread import report
        assert [report.info().registered_by for _ in range(2)] == ["nobody", "nobody"]
        host, memory = arch.host(), ctypes.create_string_buffer(96)
        area = -(-ctypes.addressof(memory) // 64) * 64
        assert libc.system_call(host.syscall, area, 32, 0, host.signature) == 0, "somebody was registered"
        """,
        env=UNREGISTERED,
    )


def test_an_area_that_another_library_registered_is_told_apart() -> None:
    found = found_by_child(
        """
    import ctypes, json
    from rseq import _arch as arch, _libc as libc
    from rseq._thread import report
    host, memory = arch.host(), ctypes.create_string_buffer(96)
    area = -(-ctypes.addressof(memory) // 64) * 64
    assert libc.system_call(host.syscall, area, 32, 0, host.signature) == 0
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
    show = "import json, rseq; print(rseq.cpu_number() >= 0, json.dumps(rseq.info().as_dict()))"
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
    print(report._ask_kernel(arch.host()))
    show = "from rseq._thread import report; print(report.info().missing[0].sentence)"
    os.execv(sys.executable, [sys.executable, "-c", show])
    """
    )
    sentence = f"The kernel answers EPERM to rseq, so a seccomp filter probably forbids the call: {INSTEAD}.\n"
    assert done.stdout.endswith(sentence)


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
    assert report._turned_off(tunables) is off


def test_a_machine_without_a_file_in_arch_is_answered(monkeypatch: pytest.MonkeyPatch, forget: None) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    monkeypatch.setattr(support, "facts", dict)
    monkeypatch.setattr(support, "_remembered_facts", support._facts_of_architecture)
    info = report.info()
    assert (info.supported, info.registered, info.kernel_answer) == (False, False, "")
    assert sentences(info) == {"architecture": f"rseq has no code generator for the architecture pdp11: {NOT_HERE}."}
    assert 0 <= current.cpu_number() < cpus.possible_cpus()
    membarrier.fence()


def test_another_system_is_answered() -> None:
    done = run_python(
        """
        import json, platform, sys
        sys.platform, platform.system, platform.release = "darwin", lambda: "Darwin", lambda: "24.0"
        import rseq
        from rseq._thread.registration import rseq_offset
        assert (rseq.available(), rseq.cpu_number(), rseq.fence(), rseq_offset()) == (False, 0, None, None)
        found = rseq.info()
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

    monkeypatch.setattr("rseq._thread.registration._thread_pointer_code", refuse)
    info = report.info()
    assert (info.registered, info.registered_by) == (False, "unknown")
    assert sentences(info) == {"executable memory": "No sequence can run natively: nothing may be executed here."}
    assert 0 <= current.cpu_number() < cpus.possible_cpus()


@pytest.fixture
def complete() -> report.Info:
    """A thread that lacks nothing."""
    fields = ("cpu_id", "node_id", "mm_cid", "slice_ctrl")
    return replace(
        report.info(),
        system="Linux",
        supported=True,
        executable_memory="",
        kernel_has_rseq=True,
        registered=True,
        registered_by="libc",
        fields=fields,
        fences=True,
    )


def test_of_a_thread_that_has_everything_nothing_is_said(complete: report.Info) -> None:
    assert complete.missing == ()


@pytest.mark.parametrize(
    ("lost", "what"),
    [("node_id", "node_id"), ("mm_cid", "mm_cid"), ("slice_ctrl", "slice extension"), ("fences", "fences")],
)
def test_each_thing_that_is_missing_has_one_sentence(complete: report.Info, lost: str, what: str) -> None:
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
    complete: report.Info, changes: dict[str, object], sentence: str
) -> None:
    facts = {"registered": False, "registered_by": "nobody", "libc": "libc 1", "architecture": "pdp11", **changes}
    missing = replace(complete, turned_off=False, **facts).missing  # type: ignore[arg-type]
    assert [lack.what for lack in missing] == ["registration"]
    assert missing[0].sentence.startswith(sentence)
    assert missing[0].sentence.endswith(f": {INSTEAD}.")


def test_everything_found_is_json() -> None:
    info = report.info()
    found = json.loads(json.dumps(info.as_dict()))
    assert found["fields"] == list(info.fields)
    assert set(found) == {*info.__dataclass_fields__, "missing"}


def test_what_fails_while_too_many_files_are_open_works_afterwards() -> None:
    """Nothing that was not found then is remembered as not there."""
    code = """
        import os, resource
        import rseq, rseq._thread.report
        import rseq._structures.counter, rseq._ready, rseq._percpu.lanes
        from rseq._arch import names
        from rseq._thread.cpus import possible_cpus
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
