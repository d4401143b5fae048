"""Sequences under mypy --strict: a user's file is clean, and mistakes in it are still found."""

from __future__ import annotations

from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api")

USERS_FILE = """
import rseq
from rseq import f32, i64, prepared, ptr

class Node(rseq.Record):
    value: i64

class Items(rseq.Record):
    count: i64
    slots: prepared[i64[64]]
    weights: f32[8]
    first: ptr[Node]

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
    (folder / "shop.py").write_text(text)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nplugins = rseq.mypy_plugin\n")
    out, _, _ = api.run(["--config-file", str(folder / "mypy.ini"), "--no-incremental", str(folder / "shop.py")])
    return [line for line in out.splitlines() if "error:" in line]


def test_a_users_file_with_arrays_is_clean_and_mistakes_are_found(tmp_path: Path) -> None:
    assert complaints(tmp_path, USERS_FILE) == []
    wrong = complaints(tmp_path, USERS_FILE.replace("cpu.slots[n] =", "cpu.slots[n].x ="))
    assert any('has no attribute "x"' in line for line in wrong)
    misspelt = complaints(tmp_path, USERS_FILE.replace("node.value", "node.valeu"))
    assert any('has no attribute "valeu"' in line for line in misspelt)
