"""Blobs become executable memory: relocated, never writable and executable at once, never unmapped."""

from __future__ import annotations

import ctypes
import errno
import gc
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rseq import _abi as abi
from rseq import _arch as arch
from rseq import _loader as loader
from rseq._loader import Blob, ExecutableMemoryError, LinkError, Relocation, load
from support import ThreadSet, run_python

WORD = ctypes.sizeof(ctypes.c_void_p)
DATA_OFFSET = loader.DATA_ALIGNMENT

MDWE_CHILD = """
    import ctypes, sys
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: Linux 6.3
        sys.exit("no PR_SET_MDWE: " + str(ctypes.get_errno()))
    from rseq import _arch as arch
    from rseq import _loader as load
    blob = load.Blob(arch.host().thread_pointer, b"", 0, (), {"f": 0})
"""


@pytest.fixture
def code() -> bytes:
    """Machine code of this architecture that runs anywhere: a function that returns the thread pointer."""
    architecture = arch.host()
    assert architecture is not None, "these tests run code: they need an architecture with a file in arch/"
    return architecture.thread_pointer


@pytest.fixture
def blob(code: bytes) -> Blob:
    return Blob(code, bytes(64), DATA_OFFSET, (), {"thread_pointer": 0})


@pytest.fixture
def no_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_memfd", _refuse_memfd)


def _refuse_memfd() -> int:
    raise OSError(errno.EACCES, "memfd_create: not here")


@pytest.fixture
def no_executable_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that refuses, call by call, to make anything executable."""
    for name in ("_map", "_protect"):
        monkeypatch.setattr(loader, name, _without_execution(getattr(loader, name)))


def _without_execution(call: Callable[..., int | None]) -> Callable[..., int | None]:
    def refusing(address: int, nbytes: int, protection: int, *rest: int) -> int | None:
        if protection & mmap.PROT_EXEC:
            raise OSError(errno.EACCES, "mmap: Permission denied")
        return call(address, nbytes, protection, *rest)

    return refusing


def function(address: int) -> Callable[[], int]:
    return ctypes.CFUNCTYPE(ctypes.c_size_t)(address)


def word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def permissions(address: int) -> str | None:
    """What /proc/self/maps says of the page at `address`; None if nothing is mapped there."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        first, last, rights = line.replace("-", " ", 1).split()[:3]
        if int(first, 16) <= address < int(last, 16):
            return rights
    return None


def test_loaded_code_runs(blob: Blob, threads: ThreadSet) -> None:
    thread_pointer = function(load(blob).entries["thread_pointer"])
    elsewhere: list[int] = []
    threads.run(1, lambda: elsewhere.append(thread_pointer()))
    assert thread_pointer() == thread_pointer() != elsewhere[0]


@pytest.mark.parametrize("way", ["memfd", "mprotect"])
def test_code_cannot_be_written_and_data_cannot_be_executed(
    blob: Blob, way: str, request: pytest.FixtureRequest
) -> None:
    if way == "mprotect":
        request.getfixturevalue("no_memfd")
    address = load(blob).address
    assert permissions(address) == "r-xp"
    assert permissions(address + DATA_OFFSET - 1) == "---p"
    assert permissions(address + DATA_OFFSET) == "rw-p"


def test_written_memory_runs_where_a_memfd_is_refused(blob: Blob, no_memfd: None) -> None:
    assert function(load(blob).entries["thread_pointer"])()


def test_no_call_ever_asks_for_memory_that_is_writable_and_executable(
    blob: Blob, no_memfd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    for name in ("_map", "_protect"):
        monkeypatch.setattr(loader, name, _recording(getattr(loader, name), asked))
    load(blob)
    assert mmap.PROT_READ | mmap.PROT_EXEC in asked
    assert not any(protection & mmap.PROT_WRITE and protection & mmap.PROT_EXEC for protection in asked)


def _recording(call: Callable[..., int | None], asked: list[int]) -> Callable[..., int | None]:
    def recorded(address: int, nbytes: int, protection: int, *rest: int) -> int | None:
        asked.append(protection)
        return call(address, nbytes, protection, *rest)

    return recorded


def test_code_of_many_pages_arrives_whole(code: bytes) -> None:
    filler = bytes(range(256)) * 300
    loaded = load(Blob(filler + code, b"data", 2 * DATA_OFFSET, (), {"f": len(filler)}))
    assert ctypes.string_at(loaded.address, len(filler) + len(code)) == filler + code
    assert ctypes.string_at(loaded.address + 2 * DATA_OFFSET, 4) == b"data"
    assert function(loaded.entries["f"])()


def test_an_old_kernel_that_does_not_know_the_exec_flag_of_memfds_is_enough(
    blob: Blob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old_kernel(name: str, flags: int) -> int:
        if flags & ~abi.MFD_CLOEXEC:
            raise OSError(errno.EINVAL, "Invalid argument")
        return os.memfd_create(name, flags)

    monkeypatch.setattr(loader, "memfd_create", old_kernel)
    assert function(load(blob).entries["thread_pointer"])()


def test_loading_leaves_no_file_open(blob: Blob) -> None:
    before = os.listdir("/proc/self/fd")
    load(blob)
    assert os.listdir("/proc/self/fd") == before


# Relocations


def test_a_relocation_without_a_symbol_is_the_address_of_the_image(blob: Blob) -> None:
    loaded = load(blob._replace(relocations=(Relocation(DATA_OFFSET + 8, None, 5),)))
    assert word(loaded.address + DATA_OFFSET + 8) == loaded.address + 5
    assert word(loaded.address + DATA_OFFSET) == 0


def test_code_is_relocated_before_it_can_be_executed(code: bytes) -> None:
    blob = Blob(code + bytes(WORD), b"", 0, (Relocation(len(code), "rseq_offset", 0),), {})
    loaded = load(blob, {"rseq_offset": -192})
    assert ctypes.c_ssize_t.from_address(loaded.address + len(code)).value == -192
    assert permissions(loaded.address) == "r-xp"


@pytest.mark.parametrize(("value", "addend"), [(0, 0), (-2336, 8), (1 << 8 * WORD - 1, 0), ((1 << 8 * WORD) - 1, 1)])
def test_a_value_wraps_as_a_machine_word_does(blob: Blob, value: int, addend: int) -> None:
    loaded = load(blob._replace(relocations=(Relocation(DATA_OFFSET, "x", addend),)), {"x": value})
    assert word(loaded.address + DATA_OFFSET) == (value + addend) % (1 << 8 * WORD)


def test_a_value_that_is_no_machine_word_is_refused(blob: Blob) -> None:
    relocated = blob._replace(relocations=(Relocation(DATA_OFFSET, "x", 0),))
    with pytest.raises(ValueError, match=f"^expected a value of {WORD} bytes for symbol 'x', got {1 << 8 * WORD}$"):
        load(relocated, {"x": 1 << 8 * WORD})


@pytest.mark.parametrize(("symbol", "library"), [("PyLong_FromLong", ctypes.pythonapi), ("getpid", ctypes.CDLL(None))])
def test_symbols_of_cpython_and_libc_are_found(blob: Blob, symbol: str, library: ctypes.CDLL) -> None:
    loaded = load(blob._replace(relocations=(Relocation(DATA_OFFSET, symbol, 0),)))
    assert word(loaded.address + DATA_OFFSET) == ctypes.cast(library[symbol], ctypes.c_void_p).value


def test_given_symbols_come_before_those_of_the_process(blob: Blob) -> None:
    loaded = load(blob._replace(relocations=(Relocation(DATA_OFFSET, "getpid", 0),)), {"getpid": 7})
    assert word(loaded.address + DATA_OFFSET) == 7


def test_all_missing_symbols_are_named_at_once(blob: Blob) -> None:
    names = ("rseq_has_no_such", "getpid", "nor_this")
    relocated = blob._replace(relocations=tuple(Relocation(DATA_OFFSET, name, 0) for name in names))
    message = (
        "expected nor_this, rseq_has_no_such in this process, but neither CPython nor a loaded library has them: "
        "the blob was made for another version; make it again"
    )
    with pytest.raises(LinkError, match=f"^{message}$"):
        load(relocated)


# Damaged blobs


DAMAGE: dict[str, tuple[dict[str, object], str]] = {
    "no code": ({"code": b""}, "expected a blob with code"),
    "data over code": ({"data_offset": 0}, "expected data at a multiple of 65536"),
    "data unaligned": ({"data_offset": 4096}, "expected data at a multiple of 65536"),
    "data before the image": ({"data_offset": -DATA_OFFSET}, "expected data at a multiple of 65536"),
    "huge": ({"data_offset": 1 << 40}, "expected an image of at most"),
    "entry before": ({"entries": {"f": -1}}, "expected entry 'f' within"),
    "entry beyond": ({"entries": {"f": 1 << 20}}, "expected entry 'f' within"),
    "entry between": ({"entries": {"f": DATA_OFFSET - 8}}, "expected entry 'f' within"),
    "relocation before": ({"relocations": (Relocation(-WORD, None, 0),)}, "expected relocations of"),
    "relocation between": ({"relocations": (Relocation(4096, None, 0),)}, "expected relocations of"),
    "relocation over the end": ({"relocations": (Relocation(DATA_OFFSET + 64 - WORD + 1, "x", 0),)}, "for x at 65593"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_blob_is_refused_before_it_is_mapped(
    blob: Blob, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, message = DAMAGE[damage]
    monkeypatch.setattr(loader, "_reserve", lambda _: pytest.fail("mapped a damaged blob"))
    with pytest.raises(ValueError, match=message):
        load(blob._replace(**changes))


def test_a_relocation_may_end_where_data_ends(blob: Blob) -> None:
    end = DATA_OFFSET + len(blob.data) - WORD
    loaded = load(blob._replace(relocations=(Relocation(end, "x", 0),)), {"x": 9})
    assert struct.unpack("@P", ctypes.string_at(loaded.address + end, WORD)) == (9,)


# How long it stays


def test_code_stays_when_nothing_refers_to_it_any_more(blob: Blob) -> None:
    loaded = load(blob)
    address, entry = loaded.address, loaded.entries["thread_pointer"]
    del loaded
    gc.collect()
    assert permissions(address) == "r-xp"
    assert function(entry)()


def test_each_load_is_a_copy_with_data_of_its_own(blob: Blob) -> None:
    one, other = load(blob), load(blob)
    ctypes.memset(one.address + DATA_OFFSET, 0xFF, 8)
    assert one.address != other.address
    assert word(other.address + DATA_OFFSET) == 0


def test_code_runs_in_a_forked_child(blob: Blob) -> None:
    thread_pointer = function(load(blob).entries["thread_pointer"])
    expected = thread_pointer()
    child = os.fork()
    if child == 0:
        os._exit(0 if thread_pointer() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_load_that_failed_gives_its_addresses_back(
    blob: Blob, no_executable_memory: None, reserved: list[int]
) -> None:
    with pytest.raises(ExecutableMemoryError):
        load(blob)
    assert [permissions(address) for address in reserved] == [None]


@pytest.fixture
def reserved(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    addresses: list[int] = []
    reserve = loader._reserve

    def remember(nbytes: int) -> int:
        addresses.append(reserve(nbytes))
        return addresses[-1]

    monkeypatch.setattr(loader, "_reserve", remember)
    return addresses


# Systems that refuse


def test_code_runs_where_written_memory_may_not_become_executable() -> None:
    done = run_python(
        MDWE_CHILD
        + """
    import mmap
    assert ctypes.CFUNCTYPE(ctypes.c_size_t)(load.load(blob).entries["f"])()
    page = load._map(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_ANONYMOUS)
    try:
        load._protect(page, 4096, mmap.PROT_READ | mmap.PROT_EXEC)
    except PermissionError:
        print("refused, as meant")
    """,
        returncode=None,
    )
    _skip_without_mdwe(done.stderr)
    assert (done.stdout, done.stderr) == ("refused, as meant\n", "")


def test_one_sentence_says_what_refused_executable_memory() -> None:
    done = run_python(
        MDWE_CHILD
        + """
    def refuse(name, flags):
        raise OSError(1, "Operation not permitted")
    load.memfd_create = refuse
    try:
        load.load(blob)
    except load.ExecutableMemoryError as error:
        print(error, error.errno)
    """,
        returncode=None,
    )
    _skip_without_mdwe(done.stderr)
    assert done.stdout == (
        "expected executable memory, but the system refused to map a memfd for execution (Operation not permitted), "
        f"and to make written memory executable (mprotect of {mmap.PAGESIZE} bytes: Permission denied): "
        "allow one of the two "
        "(noexec or SELinux rules on memfd, vm.memfd_noexec, MemoryDenyWriteExecute, a seccomp filter) 13\n"
    )


def _skip_without_mdwe(stderr: str) -> None:
    if stderr.startswith("no PR_SET_MDWE"):
        pytest.skip("the kernel has no PR_SET_MDWE (Linux 6.3 has)")


def test_refusal_is_an_oserror_with_the_errno_of_the_last_way(blob: Blob, no_executable_memory: None) -> None:
    with pytest.raises(ExecutableMemoryError) as caught:
        load(blob)
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.EACCES


def test_code_does_not_run_on_another_system(blob: Blob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    message = (
        "expected Linux to run code on, but this is darwin; here sequences can be checked, printed and emitted, not run"
    )
    with pytest.raises(ExecutableMemoryError, match=f"^{message}$"):
        load(blob)


def test_code_runs_without_a_function_that_clears_instruction_caches(
    blob: Blob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "_clear_cache", lambda: None)
    assert function(load(blob).entries["thread_pointer"])()


@pytest.mark.arch("x86_64")
def test_code_reaches_its_data_at_a_fixed_distance() -> None:
    # mov rax, [rip + distance]; add qword [rip + distance], 1; ret
    code = bytes.fromhex("488b05") + struct.pack("<i", DATA_OFFSET - 7)
    code += bytes.fromhex("488305") + struct.pack("<i", DATA_OFFSET - 15) + b"\x01\xc3"
    count = function(load(Blob(code, struct.pack("<q", 40), DATA_OFFSET, (), {"count": 0})).entries["count"])
    assert [count(), count(), count()] == [40, 41, 42]
