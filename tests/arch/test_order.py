"""`release=True` and `acquire=True`: the instructions that order memory, where they belong and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from programs import compiled
from rseq import _arch as arch
from rseq import sequence as as_sequence
from rseq._arch.base import Architecture, Assembly
from rseq._language.section import section
from rseq._language.types import SCALARS

RELEASE = {
    "aarch64": "stlr",
    "armv7l": "dmb ish",
    "loongarch64": "dbar 0x12",
    "ppc64le": "lwsync",
    "riscv64": "fence rw, w",
    "s390x": "",
    "x86_64": "",
}
ACQUIRE = {
    "aarch64": "dmb ishld",
    "armv7l": "dmb ish",
    "loongarch64": "dbar 0x14",
    "ppc64le": "lwsync",
    "riscv64": "fence r, rw",
    "s390x": "",
    "x86_64": "",
}
BODIES = {
    "store": "old = cpu.c_{0}\ncpu.p_{0} = a\ncpu.c_{0} = a\nreturn old",
    "add": "cpu.c_{0} += a\nreturn a",
    "element": "i = cpu.c_u8 & 1\ncpu.p_{0} = a\ncpu.a_{0}[i] = a\nreturn a",
    "leaves": "if cpu.c_{0} == a:\n    return a\ncpu.c_{0} = a\nreturn a",
}

each_architecture = pytest.mark.parametrize(
    "architecture", [arch.get(name) for name in arch.names()], ids=lambda one: one.name
)
each_shape = pytest.mark.parametrize("shape", BODIES)
each_type = pytest.mark.parametrize("type", [name for name in SCALARS if name != "bool"])


def assembly_of(architecture: Architecture, shape: str, type: str, **order: Any) -> Assembly:
    if architecture.pointer_bytes < 8:
        type = type.replace("64", "32")
    body = "\n".join(f"    {line}" for line in BODIES[shape].format(type).splitlines())
    code = compiled(f"def f(cpu: Lane, a: {type}) -> {type}:\n{body}\n", as_sequence(**order) if order else as_sequence)
    return architecture.assemble(section(code.body))


def orders(text: str) -> bool:
    return text.startswith(("stl", "ldar", "dmb", "dbar", "fence", "mfence", "lock", "lwsync", "sync", "bcr"))


@each_architecture
@each_shape
@each_type
def test_a_release_is_the_commit_or_directly_before_it(architecture: Architecture, shape: str, type: str) -> None:
    texts = [line.text for line in assembly_of(architecture, shape, type, release=True).hot]
    ordering = [place for place, text in enumerate(texts) if orders(text)]
    if not RELEASE[architecture.name]:
        assert ordering == []
        return
    (place,) = ordering
    assert texts[place].startswith(RELEASE[architecture.name])
    assert place == texts.index("3:") - (1 if texts[place].startswith("st") else 2)


@each_architecture
@each_shape
@each_type
def test_an_acquire_stands_where_all_ways_out_meet(architecture: Architecture, shape: str, type: str) -> None:
    assembly = assembly_of(architecture, shape, type, acquire=True)
    texts = [line.text for line in assembly.hot]
    behind = texts[texts.index("3:") + 1 :]
    assert behind == ([ACQUIRE[architecture.name]] if ACQUIRE[architecture.name] else [])
    assert not any(orders(text) for text in texts[: texts.index("3:")])
    assert not any(orders(line.text) for line in assembly.cold)


@each_architecture
@each_shape
def test_nothing_is_ordered_that_need_not_be(architecture: Architecture, shape: str) -> None:
    assembly = assembly_of(architecture, shape, "i32")
    assert not any(orders(line.text) for line in (*assembly.hot, *assembly.cold))


def test_the_spare_lane_orders_the_loads_of_an_acquire_too() -> None:
    import llvmlite.ir as ll

    from rseq._codegen.blob import BlobEnvironment
    from rseq._codegen.lower import Unit

    host = arch.get(arch.names()[0])
    for acquire in (False, True):
        code = compiled("def f(cpu: Lane) -> i64:\n    return cpu.c_i64\n", as_sequence(acquire=acquire))
        module = ll.Module("spare")
        Unit(module, BlobEnvironment(host, module, has_rseq=True)).spare(code)
        assert ("fence acquire" in str(module)) == acquire
