"""The table of constants: every row has a source, and agrees with C layout rules and this system's headers."""

from __future__ import annotations

import ast
import ctypes
import re
from pathlib import Path

import pytest

from rseq import _abi as abi

SOURCES = (
    "rseq.h",
    "membarrier.h",
    "auxvec.h",
    "memfd.h",
    "fcntl.h",
    "mempolicy.h",
    "prctl.h",
    "ptrace.h",
    "librseq",
    "glibc",
)
HEADERS = {
    "/usr/include/linux/membarrier.h": r"(MEMBARRIER_CMD_\w+)\s*=\s*\(?([^,)]+)\)?,",
    "/usr/include/linux/auxvec.h": r"#define\s+(AT_RSEQ_\w+)\s+(\d+)",
    "/usr/include/linux/memfd.h": r"#define\s+(MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_EXEC)\s+(\w+)U",
    "/usr/include/linux/ptrace.h": r"#define\s+(PTRACE_GET_RSEQ_CONFIGURATION)\s+(\w+)",
}


class Area(ctypes.Structure):
    _fields_ = [
        ("cpu_id_start", ctypes.c_uint32),
        ("cpu_id", ctypes.c_uint32),
        ("rseq_cs", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("node_id", ctypes.c_uint32),
        ("mm_cid", ctypes.c_uint32),
        ("slice_ctrl", ctypes.c_uint32),
    ]


class Descriptor(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("start_ip", ctypes.c_uint64),
        ("post_commit_offset", ctypes.c_uint64),
        ("abort_ip", ctypes.c_uint64),
    ]


def rows() -> list[tuple[str, str]]:
    """Each constant of the table with the line it stands on."""
    text = Path(abi.__file__).read_text()
    lines = text.splitlines()
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.AnnAssign)]
    return [(ast.unparse(node.target), lines[node.lineno - 1]) for node in nodes]


@pytest.mark.parametrize(("name", "line"), rows())
def test_every_row_names_its_source(name: str, line: str) -> None:
    comment = line.partition("#")[2].strip()
    assert comment.startswith(SOURCES), f"{name}: expected '# <source>: meaning', got {comment!r}"


def test_the_table_is_all_there_is() -> None:
    public = {name for name in vars(abi) if name.isupper() and name != "TYPE_CHECKING"}
    assert public == {name for name, _ in rows()}


@pytest.mark.parametrize("name", [name for name, *_ in Area._fields_])
def test_offsets_in_the_area_are_those_of_the_c_struct(name: str) -> None:
    assert getattr(abi, name.upper()) == getattr(Area, name).offset


@pytest.mark.parametrize("name", [name for name, *_ in Descriptor._fields_])
def test_offsets_in_the_descriptor_are_those_of_the_c_struct(name: str) -> None:
    assert getattr(abi, f"CS_{name.upper()}") == getattr(Descriptor, name).offset


def test_sizes_are_those_of_the_c_structs() -> None:
    assert (abi.AREA_SIZE, abi.CS_SIZE) == (ctypes.sizeof(Area), ctypes.sizeof(Descriptor))
    assert abi.FEATURE_SIZE_FIRST == Area.node_id.offset
    assert abi.FEATURE_SIZE_NODE_ID == Area.mm_cid.offset
    assert abi.FEATURE_SIZE_MM_CID == Area.slice_ctrl.offset


@pytest.mark.parametrize("header", HEADERS)
def test_values_agree_with_the_headers_of_this_system(header: str) -> None:
    try:
        text = Path(header).read_text()
    except FileNotFoundError:
        pytest.skip(f"{header} is not installed")
    found = {name: eval(value) for name, value in re.findall(HEADERS[header], text) if hasattr(abi, name)}
    assert found == {name: getattr(abi, name) for name in found}
