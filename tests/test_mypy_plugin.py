"""Sequences under mypy --strict: a user's file is clean, and mistakes in it are still found."""

from __future__ import annotations

from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api")

USERS_FILE = """
import rseq
from rseq import f32, f64, i64, index, prepared, ptr

class Node(rseq.Record):
    value: i64

class Items(rseq.Record):
    count: i64
    slots: prepared[i64[64]]
    weights: f32[8]
    first: ptr[Node]
    latest: index[Node]

@rseq.inline
def bucket_of(x: f64, step: i64 = 2) -> i64:
    return i64_of(x) // 8 + step

@rseq.inline
def i64_of(x: f64) -> i64:
    return 3 if x > 1.0 else 4

@rseq.sequence
def touch(cpu: Items, node: index[Node]) -> index[Node]:
    node.value = bucket_of(1.0)
    if node is None or node == cpu.latest:
        return None
    cpu.latest = node
    return node

touched = touch.bind(rseq.percpu(Items), rseq.array(Node, 1))(rseq.array(Node, 1)[0])
number: int = bucket_of(2.5)

@rseq.sequence
def push(cpu: Items, value: i64, node: ptr[Node]) -> bool:
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value + node.value
    cpu.count = n + 1
    return True

pushed: bool = push.bind(rseq.percpu(Items))(3, rseq.array(Node, 1)[0])
"""


def complaints(folder: Path, text: str) -> list[str]:
    page = folder / f"shop{len(list(folder.glob('shop*.py')))}.py"  # all but the page itself is checked once
    page.write_text(text)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nplugins = rseq.mypy_plugin\n")
    out, _, _ = api.run(["--config-file", str(folder / "mypy.ini"), "--cache-dir", str(folder / "cache"), str(page)])
    return [line for line in out.splitlines() if "error:" in line]


@pytest.mark.slow
def test_a_users_file_with_arrays_is_clean_and_mistakes_are_found(tmp_path: Path) -> None:
    assert complaints(tmp_path, USERS_FILE) == []
    wrong = USERS_FILE.replace("cpu.slots[n] =", "cpu.slots[n].x =").replace("bucket_of(2.5)", "bucket_of('a')")
    found = complaints(tmp_path, wrong.replace("node.value", "node.valeu"))
    assert any('has no attribute "x"' in line for line in found)
    assert any('Argument 1 to "__call__" of "Inline" has incompatible type "str"' in line for line in found)
    assert any('has no attribute "valeu"' in line for line in found)
