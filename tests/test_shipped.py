"""Machine code that comes with the package: it is what the compiler makes, and nothing else is imported to run it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import rseq
from rseq import _arch as arch
from rseq import _ship, _shipped
from rseq._builtins.make import make
from rseq._layout import KNOWN, here
from rseq._structures.cell import cell
from rseq._structures.forms import shipped_forms
from rseq._structures.histogram.bounds import log_linear, searching
from rseq._structures.pool.items import items
from rseq._structures.ring.kind import Kind
from rseq._structures.stack import stack
from support import run_python

HERE = here()
HAS_FILE = _shipped.facts() != {}
shipped = pytest.mark.skipif(not HAS_FILE, reason="this installation has no machine code for this machine")

FIRST_USES = {
    "Counter": "c = rseq.Counter(); c.add(1); assert c.value == 1; repr(c)",
    "FloatCounter": "c = rseq.FloatCounter(); c.add(0.5); assert c.value == 0.5",
    "CounterArray": "a = rseq.CounterArray((2, 3)); a.add((1, 2)); a.add((1, 1), n=3)",
    "KeyedCounter": "k = rseq.KeyedCounter(9); k.add('a'); k.add(('b', 1)); assert k['a'] == 1; k.most_common()",
    "Max": "m = rseq.Max(); m.update(2.0); assert m.value == 2.0",
    "Min": "m = rseq.Min('i64'); m.update(2); assert m.value == 2",
    "Histogram": "h = rseq.Histogram([0.1, 1.0]); h.observe(0.5); assert (h.count, h.sum) == (1, 0.5); h.quantile(0.5)",
    "exponential": "h = rseq.Histogram.exponential(0.1, 10); h.observe(0.5); h.merge(h); assert h.count == 2",
    "SpinLock": "lock = rseq.SpinLock()\nwith lock as cpu: pass\nlock.release(lock.acquire())",
    "Collector": "c = rseq.Collector('i64', 1000); assert c.append(3) and len(c) == 1",
    "Stack": "s = rseq.Stack(64); s.push(3); assert s.pop() == 3; s.push(4); assert s.drain() == [4]",
    "TokenBucket": "b = rseq.TokenBucket(1e-3, 2); assert b.take() and b.available == 1; repr(b)",
    "RCU": "r = rseq.RCU()\nwith r: pass\nr.synchronize(); r.call(int); r.barrier()",
    "Pool": "p = rseq.Pool(100, 10); p.release(p.acquire())\nwith p.item() as i: i[0] = 1\nassert len(p) == 10",
    "RingBuffer": "r = rseq.RingBuffer(1 << 16); r.write(b'x'); assert r.drain()[0].data == b'x'",
    "overwrite": "r = rseq.RingBuffer(1 << 16, 'overwrite'); r.write(b'x'); assert r.drain()[0].data == b'x'",
    "Segment": "c = rseq.Counter(segment=rseq.Segment()); c.add(); assert c.value == 1",
    "nothing": "rseq.available(); rseq.cpu_number(); rseq.fence(); rseq.thread_id()",
}

MAY_IMPORT = {
    "__future__", "_bisect", "_collections", "_ctypes", "_functools", "_operator", "_struct", "atexit", "errno",
    "itertools", "math", "mmap", "operator", "struct", "types", "zlib",
}  # fmt: skip
"""What is imported until the first count: these are written in C, or small."""

MAY_IMPORT_BESIDE = {
    "RCU": {"threading", "functools", "collections", "weakref", "_weakrefset", "reprlib", "keyword"},
    "Pool": {"_weakrefset"},
    "Segment": {"_json", "fcntl"},
}


@shipped
@pytest.mark.parametrize("name", FIRST_USES)
def test_a_first_use_imports_little(name: str) -> None:
    code = """
        import sys
        before = set(sys.modules)
        import rseq
        exec(sys.argv[1])
        print(*(name for name in set(sys.modules) - before if not name.startswith("rseq")))
        print(*(name for name in sys.modules if name.startswith(("rseq._language", "rseq._arch", "rseq._sequence"))))
    """
    found, ours = run_python(code, FIRST_USES[name]).stdout.split("\n")[:2]
    bare = run_python("import sys; print(*sys.modules)").stdout.split()
    assert set(found.split()) - set(bare) - MAY_IMPORT - MAY_IMPORT_BESIDE.get(name, set()) == set()
    assert ours == ""


def test_what_plain_python_reads_is_what_numpy_reads() -> None:
    counter, histogram, largest = rseq.Counter(), rseq.Histogram([1.0, 2.0, 3.0]), rseq.Max("i64")
    for number in range(-3, 5):
        counter.add(number * 1_000_000_007)
        histogram.observe(number)
        largest.update(number)
    assert counter.value == counter.storage.view()["value"].sum()
    buckets = histogram.storage.view()
    assert histogram.count == buckets["counts"].sum() == 8
    assert histogram.counts().tolist() == buckets["counts"].sum(axis=0).tolist()
    assert histogram.sum == buckets["sum"].sum()
    assert largest.value == largest.storage.view()["value"].max() == 4


def test_the_sizes_that_the_page_names_come_and_the_next_do_not() -> None:
    """docs/install.md, "What comes as machine code"."""
    known = {one.form.name for one in shipped_forms()}
    edges = (
        (searching, 255 .bit_length()), (log_linear, 1 << 4095 .bit_length()), (stack, 4096), (items, 12),
    )  # fmt: skip
    for form, size in edges:
        assert form(size).name in known
        assert form(size + 1 if form in (searching, items) else 2 * size).name not in known
    rings = {bits: Kind(1 << bits - 2, 0, clock=True).form.name in known for bits in range(8, 27)}
    assert [bits for bits, comes in rings.items() if comes] == list(range(10, 25))


@shipped
@pytest.mark.parametrize("form", ["cell i64", "stack 64", "lock", "ring 16384 drop clock bytes"])
def test_a_bundle_is_what_the_compiler_makes(form: str) -> None:
    assert HERE is not None
    (wanted,) = (one for one in shipped_forms() if one.form.name == form)
    made = dict(_ship.of_form(wanted, os.uname().machine, HERE.name))
    assert {name: _shipped.bundle(name) for name in made} == made


@shipped
@pytest.mark.slow
def test_the_whole_file_is_what_the_compiler_makes(tmp_path: Path) -> None:
    assert HERE is not None
    (made,) = _ship.write(str(tmp_path), [(os.uname().machine, HERE.name)])
    assert made.read_bytes() == Path(_shipped.FOLDER, made.name).read_bytes()


@shipped
def test_what_has_no_form_is_what_the_compiler_makes() -> None:
    assert HERE is not None
    made = dict(_ship.fixed(os.uname().machine, HERE.name))
    assert {name: _shipped.bundle(name) for name in made} == made


@pytest.mark.parametrize("machine", [name for name in arch.names() if arch.get(name).is_shipped])
def test_code_for_other_machines_and_layouts_is_made_here(machine: str) -> None:
    """Each layout has other code, and the same code each time."""
    architecture, code = arch.get(machine), cell("i64").parts["add"]
    made = [
        make(code, "cpu_id", 1, has_rseq=True, architecture=architecture, layout=layout)
        for layout in (*KNOWN.values(), KNOWN["cp311"])
    ]
    assert len({one.blob.code for one in made}) == 3
    assert made[0] == made[3]


def test_forms_have_names_of_their_own() -> None:
    names = [shipped.form.name for shipped in _ship.all_forms()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("damage", ["cut off", "empty", "other magic", "absent", "index", "lengths", "front"])
def test_without_a_file_that_can_be_read_code_is_compiled(damage: str, tmp_path: Path) -> None:
    assert HERE is not None
    file = tmp_path / _shipped.file_name(os.uname().machine, HERE.name)
    data = _ship.packed({"membarrier": 324}, {"cell i64 / cpu_id": {"record": 1}})
    spoiled = {
        "cut off": data[:10],
        "empty": b"",
        "other magic": b"rseq 0\r\n" + data[8:],
        "absent": None,
        "index": data[:16] + b"\xff" * (len(data) - 16),
        "lengths": data[:8] + b"\xff" * 8 + data[16:],
        "front": data[:-40],
    }[damage]
    if spoiled is not None:
        file.write_bytes(spoiled)
    code = f"""
        import rseq, rseq._shipped, sys
        rseq._shipped.FOLDER = {str(tmp_path)!r}
        counter = rseq.Counter()
        counter.add(3)
        print(counter.value, "llvmlite" in sys.modules)
    """
    assert run_python(code).stdout.split() == ["3", "True"]


def test_bundles_come_back_as_they_were_put_in(tmp_path: Path) -> None:
    bundles: dict[str, Any] = {
        "ring 16 / cpu_id": {"code": bytes(range(256)) * 4, "n": (1, 2.5, "x")},
        "ring 32 / cpu_id": {"code": bytes(range(256)) * 4, "n": (1, 2.5, "y")},
        "ring 32 / mm_cid": {"code": bytes(range(255)) * 4},
        "alone": [1, 2],
    }
    packed = _ship.packed({"a": 1}, bundles, front=("alone",))
    path = tmp_path / "file.bin"
    path.write_bytes(packed)
    found = _shipped.File(str(path))
    assert {name: found.bundle(name) for name in found.names()} == {"facts": {"a": 1}, **bundles}
    assert found.bundle("ring 16") is None
    assert len(packed) < len(_ship.packed({}, {"one": bundles["ring 16 / cpu_id"]})) * 3


def test_a_package_in_a_zip_file_has_its_machine_code(tmp_path: Path) -> None:
    assert HERE is not None
    data = _ship.packed({"a": 1}, {"first": [1, 2], "second": [3]}, front=("first",))
    with ZipFile(tmp_path / "packages.zip", "w") as made:
        for module in ("__init__", "_shipped", "_layout", "_quick", "_quick_ctypes"):
            made.write(Path(_shipped.PACKAGE, f"{module}.py"), f"rseq/{module}.py")
        made.writestr(f"rseq/shipped/{_shipped.file_name(os.uname().machine, HERE.name)}", data)
    code = """
        import sys
        sys.path.insert(0, sys.argv[1])
        from rseq import _shipped
        print(_shipped.facts(), _shipped.bundle("first"), _shipped.bundle("second"), _shipped.bundle("third"))
    """
    assert run_python(code, str(tmp_path / "packages.zip")).stdout == "{'a': 1} [1, 2] [3] None\n"


def test_layouts_are_told_apart_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    assert HERE is None or HERE == KNOWN[HERE.name]
    monkeypatch.setattr(sys.implementation, "name", "another")
    assert here.__wrapped__() is None  # type: ignore[attr-defined]
