"""Whatever the budget accepts is compiled in any caller: LLVM can spill around a block, but not inside it.

The callers have a frame of dynamic size, aligned beyond the stack's alignment, and larger than a displacement, so
that registers are reserved for it; they hold more values across the block than there are registers, and are
compiled with and without optimisation, by the compiler that makes code for other architectures.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.ir as ll
import pytest

import budgets
import tiers
from programs import compiled
from rseq._arch.base import Architecture, RegisterError
from rseq._check.code import Operation
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import BUSY, llvm_type, pack
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.writer import DOUBLE, I32, I64, PTR, Writer
from rseq._language.section import section

pytest.importorskip("ziglang")


class Environment(BlobEnvironment):
    """Where the spare lane would be taken, give up."""

    def spare(self, emit: Writer, code: Any, *_: Any) -> Any:
        return pack(emit, code, I32(BUSY))


def mixed(kind: str, parameters: int, integers: int, floats: int) -> Any:
    """A sequence with parameters, of which every other one is a float, that keeps values of both kinds alive."""
    names = [f"a{n}" for n in range(parameters)]
    given = "".join(f", {name}: {'f64' if n % 2 else kind}" for n, name in enumerate(names))
    loads = [f"    x{n} = cpu.a_{kind}[{n % 4}] ^ {n + 3}" for n in range(integers)]
    loads += [f"    y{n} = cpu.a_f64[{n % 5}] * {n + 3}.0" for n in range(floats)]
    stores = [f"    cpu.q_{kind}[{n % 4}] = x{n}" for n in range(integers)]
    stores += [f"    cpu.q_f64[{n % 5}] = y{n}" for n in range(floats)]
    total = " + ".join(["cpu.c_f64", *(name if n % 2 else f"f64({name})" for n, name in enumerate(names))])
    return compiled(
        "\n".join(
            [
                f"def f(cpu: Lane{given}) -> f64:",
                *loads,
                *stores,
                f"    s = {total}",
                f"    {'cpu.c_f64 = s' if kind == 'i64' else 'cpu.c_f32 = f32(s)'}",
                "    return s",
                "",
            ]
        )
    )


def most(architecture: Architecture, shape: Any) -> Any:
    """The largest sequence of a shape that is accepted."""
    fitting = None
    for count in range(1, 64):
        code = shape(count)
        try:
            architecture.assemble(section(code.body))
        except RegisterError:
            break
        fitting = code
    assert fitting is not None
    return fitting


def module_of(architecture: Architecture, codes: list[Any]) -> str:
    environment = Environment.new("worst", architecture, has_rseq=True)
    unit = Unit(environment.module, environment)
    for number, code in enumerate(codes):
        make_caller(unit, Operation(f"caller_{number}", code))
    return str(unit.module)


def make_caller(unit: Unit, operation: Operation) -> None:
    """A loop around the block, with 40 integers and 40 floats that live on, and a frame that nothing is fixed in."""
    emit = unit.environment.function(operation.name, I64, [I64, PTR, I64, I64, I64], "nounwind")
    count, values, *lane = emit.arguments
    large = emit.slot(ll.ArrayType(I64, 9000))
    dynamic = emit.llvm.alloca(I64, size=count)
    dynamic.align = 256
    integers = [load(emit, values, n, I64) for n in range(40)]
    floats = [load(emit, values, n, DOUBLE) for n in range(40)]
    again, done = emit.label("again"), emit.label("done")
    emit.here(again)
    arguments = [
        load(emit, large if n % 2 else dynamic, n * 211, llvm_type(value.type))
        for n, value in enumerate(operation.body.parameters)
    ]
    area = unit.environment.area(emit)

    def leave(code: Any) -> None:
        emit.ret(emit.fit(code, I64))

    for result in unit.run(emit, operation.code, area, Lane(*lane, count), arguments, leave):
        store(emit, dynamic, 1, emit.llvm.fptosi(result, I64) if result.type == DOUBLE else result)
    emit.branch(emit.compare(load(emit, dynamic, 2, I64), "==", count), done, again)
    emit.here(done)
    for n, value in enumerate([*integers, *floats]):
        store(emit, values, n + 100, value)
    emit.ret(load(emit, large, 8999, I64))


def load(emit: Writer, base: Any, index: int, type: Any) -> Any:
    return emit.load(base, 8 * index, type, order="monotonic", align=8)


def store(emit: Writer, base: Any, index: int, value: Any) -> None:
    emit.store(value, base, 8 * index, order="monotonic", align=8)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("architecture", tiers.architectures(lambda one: True))
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            ("-O2", "-fno-omit-frame-pointer"), id="-O2 with a frame pointer"
        ),  # which leaves fewest registers
        pytest.param(("-O2",), id="-O2", marks=pytest.mark.slow),
        pytest.param(("-O0",), id="-O0", marks=pytest.mark.slow),
    ],
)
def test_what_the_budget_accepts_is_compiled(
    architecture: Architecture, options: tuple[str, ...], tmp_path: Path
) -> None:
    kind = budgets.widest(architecture)
    codes = [
        most(architecture, lambda count: budgets.hungry(count, kind=kind)),
        most(architecture, lambda count: budgets.hungry(count, kind="f32")),
        most(architecture, lambda count: budgets.hungry(count, kind="f64")),
        most(architecture, lambda count: mixed(kind, count, 0, 0)),
        most(architecture, lambda count: mixed(kind, 2, count, 1)),
        most(architecture, lambda count: mixed(kind, 2, 1, count)),
        most(architecture, lambda count: mixed(kind, count, count, 2 * count)),
    ]
    source = tmp_path / "worst.ll"
    source.write_text(module_of(architecture, codes))
    processor, *_, libc = architecture.triple.split("-")
    target = f"{processor}-linux-{libc}"
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        target,
        *options,
        "-fPIC",
        "-c",
        "-Wno-override-module",
    ]
    done = subprocess.run(
        [*command, str(source), "-o", str(tmp_path / "worst.o")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
