"""The largest sequences of each kind, and the worst functions to inline them in. Run by test_registers.py in children.

A caller's frame is of dynamic size and aligned beyond the stack's alignment, so that three registers are the frame's;
and it holds more living values than there are registers. Everything is written to files: sequences need their source.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite.ir as ll
from numba.core import types
from numba.extending import intrinsic

import rseq
from rseq._arch import host
from rseq._arch.base import Assembly, RegisterError
from rseq._language.section import section

I64 = ll.IntType(64)
FOLDER = Path(sys.argv[0]).parent

_RECORD = """
import rseq
from rseq import f32, f64, i8, i64, u64

class R(rseq.Record):
    value: i64
    table: i64[8]
    real: f64
    reals: f64[8]

@rseq.sequence
def big(cpu: R, {parameters}) -> {result}:
    {body}
"""

KINDS: dict[str, tuple[str, str, str | None]] = {
    "add": ("i64", "cpu.value += {sum}", None),
    "result": ("i64", "v = cpu.value + {sum}; cpu.value = v; return v", "i64"),
    "narrow": ("i8", "v = i8(cpu.value) + {sum}; cpu.value = i64(v); return v", "i8"),
    "shift": ("i64", "v = (cpu.value << ({first} & 3)) + {sum}; cpu.value = v; return v", "i64"),
    "floor": ("i64", "v = (cpu.value + {sum}) // 7; cpu.value = v; return v", "i64"),
    "modulo": ("u64", "v = (u64(cpu.value) + {sum}) % 1000003; cpu.value = i64(v >> ({first} & 7)); return v", "u64"),
    "element": ("i64", "v = cpu.table[{first} & 7] + {sum}; cpu.table[{first} & 7] = v; return v", "i64"),
    "values": ("i64", "u = cpu.value; v = {tree}; cpu.value = v ^ u; return v", "i64"),
    "cpu": ("i64", "v = cpu.value + {sum}; cpu.value = v; return v + i64(rseq.cpu_number())", "i64"),
    "branch": (
        "i64",
        "v = cpu.value; w = v - {sum}; if v < {first}:;     w += {sum}; cpu.value = w; return w",
        "i64",
    ),
    "floats": ("f64", "v = cpu.real + {sum}; cpu.real = v; return v", "f64"),
    "reals": ("f64", "v = {tree}; cpu.real = v * 0.5 + cpu.real; return v", "f64"),
    "mixed": ("f64", "v = {sum}; cpu.reals[i64(v) & 7] = v; return i64(v)", "i64"),
    "u64": ("f64", "v = u64({sum}); cpu.real = f64(v) + cpu.real; return f32(v)", "f32"),
}
"""By name: the parameters' type; the body, with {sum} of all parameters and the {first} one; the result."""

_CALLER = """
import numba
from worst_callers import frame, peek, poke

@numba.njit
def caller(bound, n, {parameters}, q):
    p = frame(n + 3)
    x0 = q; x1 = q * 3; x2 = q ^ 5; x3 = q + 7; x4 = q - 9; x5 = q | 3; x6 = q & 77; x7 = q * q
    y0 = q * 0.5; y1 = q + 1.5; y2 = q - 2.5; y3 = q * 3.5
    total = {zero}
    for i in range(n):
        poke(p, i, i + q)
        {call}
        x0 += x1; x1 ^= i; x2 += x3 * i; x3 -= x0; x4 += x5; x5 ^= x6; x6 += x7; x7 -= i
        y0 += y1; y1 *= 0.25; y2 += y3; y3 *= 0.5
    for i in range(n):
        x0 += peek(p, i)
    return total, (x0, x1, x2, x3, x4, x5, x6, x7), (y0, y1, y2, y3)
"""


def _pointer(builder: Any, address: Any, index: Any) -> Any:
    return builder.inttoptr(builder.add(address, builder.mul(index, ll.Constant(I64, 8))), I64.as_pointer())


@intrinsic
def frame(typing: Any, count: Any) -> Any:
    """`count` words on the stack, aligned beyond the stack's alignment."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.alloca(I64, size=args[0])
        place.align = 64
        return builder.ptrtoint(place, I64)

    return types.intp(types.intp), generate


@intrinsic
def peek(typing: Any, address: Any, index: Any) -> Any:
    """Read a word."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, *args), typ=I64)

    return types.intp(types.intp, types.intp), generate


@intrinsic
def poke(typing: Any, address: Any, index: Any, value: Any) -> Any:
    """Write a word."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


def _module(name: str, text: str) -> ModuleType:
    file = FOLDER / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tree(names: list[str]) -> str:
    """An expression that holds a value for each level of a tree at the same time."""
    if len(names) == 1:
        return f"{names[0]} * 3"
    if len(names) == 2:
        return f"{names[0]} * 5 + {names[1]} * 7"
    return f"(({_tree(names[: len(names) // 2])}) + ({_tree(names[len(names) // 2 :])}))"


def sequence(kind: str, count: int) -> tuple[Any, Any]:
    """The sequence of this kind with `count` parameters, and its record."""
    type, body, result = KINDS[kind]
    names = [f"p{i}" for i in range(count)]
    parameters = ", ".join(f"{name}: {type}" for name in names)
    body = body.format(sum=" + ".join(names), first=names[0], tree=_tree(names)).replace("; ", "\n    ")
    module = _module(f"{kind}_{count}", _RECORD.format(parameters=parameters, result=result, body=body))
    return module.big, module.R


def largest(kind: str) -> tuple[Any, Any, int, Assembly]:
    """The sequence of this kind with the most parameters that is accepted; its record; their number; its assembly."""
    best, architecture = None, host()
    assert architecture is not None
    for count in range(1, 30):
        big, record = sequence(kind, count)
        try:
            best = big, record, count, architecture.assemble(section(big.body))
        except RegisterError:
            break
    assert best is not None, f"{kind}: one parameter is too many"
    assert best[2] < 29, f"{kind}: no number of parameters is too many"
    return best


def caller(kind: str, count: int) -> Any:
    """The compiled function that calls such a sequence in a loop."""
    result = KINDS[kind][2]
    arguments = ", ".join(f"a{i} + i" for i in range(count))
    call = f"bound({arguments})" if result is None else f"total += bound({arguments})"
    zero = "0.0" if result in ("f64", "f32") else "0"
    parameters = ", ".join(f"a{i}" for i in range(count))
    return _module(f"call_{kind}_{count}", _CALLER.format(parameters=parameters, call=call, zero=zero)).caller


def expected(bound: Any, n: int, values: list[Any], q: int) -> tuple[Any, ...]:
    """What the caller computes, in Python."""
    x0, x1, x2, x3, x4, x5, x6, x7 = q, q * 3, q ^ 5, q + 7, q - 9, q | 3, q & 77, q * q
    y0, y1, y2, y3 = q * 0.5, q + 1.5, q - 2.5, q * 3.5
    total = 0
    for i in range(n):
        total += bound(*(value + i for value in values)) or 0
        x0, x2, x4, x6 = x0 + x1, x2 + x3 * i, x4 + x5, x6 + x7
        x1, x3, x5, x7 = x1 ^ i, x3 - x0, x5 ^ (x6 - x7), x7 - i
        y0, y2 = y0 + y1, y2 + y3
        y1, y3 = y1 * 0.25, y3 * 0.5
    x0 += sum(i + q for i in range(n))
    return total, tuple(map(_wrapped, (x0, x1, x2, x3, x4, x5, x6, x7))), (y0, y1, y2, y3)


def _wrapped(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def check(kind: str) -> None:
    """Compile and run the largest sequence of this kind in its caller; compare with the builtin."""
    big, record, count, assembly = largest(kind)
    used = {name: sum(slot.kind == name for slot in assembly.slots) for name in ("int", "float")}
    assert used["int"] == 13 or used["float"] == 16, (kind, used)
    type = KINDS[kind][0]
    values = [(float if type == "f64" else int)(3 * i + 1) for i in range(count)]
    one, other = rseq.percpu(record), rseq.percpu(record)
    compiled, n = caller(kind, count), 5 if type == "i8" else 20
    got, wanted = compiled(big.bind(one), n, *values, 12345), expected(big.bind(other), n, values, 12345)
    assert got == wanted, (kind, got, wanted)
    assert (one.per_cpu() == other.per_cpu()).all(), kind
    (listing,) = compiled.inspect_asm().values()
    listing = listing[: listing.index(".size")]
    assert "andq\t$-64, %rsp" in listing, "the frame is aligned"
    assert "movq\t%rsp, %rbx" in listing, "the frame has a base register of its own"


def main() -> None:
    """Check all kinds on one CPU: results that read the lane can then be compared."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for kind in KINDS:
        check(kind)
        print(kind, flush=True)
