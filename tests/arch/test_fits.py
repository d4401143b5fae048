"""What fits: sequences that need few values at a time, however many names they have, on every architecture."""

from __future__ import annotations

from typing import Any

import pytest

import rseq
import tiers
from budgets import widest
from programs import compiled
from registers import check_registers
from rseq import _arch as arch
from rseq import i32, i64, prepared, u32, u64
from rseq._arch import lives
from rseq._arch.base import Architecture, RegisterError
from rseq._arch.lives import Group, Lives
from rseq._arch.registers import Allocation, Slot
from rseq._language import ir, webs
from rseq._language.section import section
from rseq.check import check

ARCHITECTURES = [arch.get(name) for name in arch.names()]


class Wide(rseq.Record):
    keys: i64[32]
    stamps: i64[32]
    words: u64[8]
    even: prepared[i64[6]]
    odd: prepared[i64[6]]
    clock: i64
    newer: u64


class Narrow(rseq.Record):
    keys: i32[32]
    stamps: i32[32]
    words: u32[8]
    even: prepared[i32[6]]
    odd: prepared[i32[6]]
    clock: i32
    newer: u32


NAMES = {"i32": {"Lane": Narrow, "W": i32, "U": u32}, "i64": {"Lane": Wide, "W": i64, "U": u64}}

FITS = {
    "the first of 32 slots": """
def f(cpu: Lane, key: W) -> W:
    at: W = -1
    for i in range(32):
        k = cpu.keys[i]
        if k == key:
            at = i
            break
    return at
""",
    "all of 32 slots, counted": """
def f(cpu: Lane, key: W) -> W:
    at: W = 32
    for i in range(32):
        k = cpu.keys[i]
        same = k == key
        if same:
            at = i
    cpu.clock += 1
    return at
""",
    "the least of 32, replaced": """
def f(cpu: Lane, key: W) -> W:
    least, where = cpu.keys[0], W(0)
    for i in range(1, 32):
        k = cpu.keys[i]
        if k < least:
            least = k
            where = i
    cpu.keys[where] = key
    return least
""",
    "a cache of 32 with stamps": """
def f(cpu: Lane, key: W) -> W:
    now = cpu.clock
    oldest, victim = cpu.stamps[0], W(0)
    for i in range(32):
        if cpu.keys[i] == key:
            cpu.stamps[i] = now + 1
            return i
        stamp = cpu.stamps[i]
        if stamp < oldest:
            oldest = stamp
            victim = i
    return -1 - victim
""",
    "a cache of eight, which are newer": """
def f(cpu: Lane, key: W) -> U | None:
    for slot in range(8):
        if cpu.keys[slot] == key:
            cpu.newer = (cpu.newer | (3 << (2 * slot))) & ~(9 << slot)
            return slot
    return None
""",
    "a sum and a count, one committed": """
def f(cpu: Lane, least: W) -> tuple[W, W]:
    total, count = W(0), W(0)
    for i in range(32):
        k = cpu.keys[i]
        if k > least:
            total += k
            count += 1
    cpu.clock = total
    return total, count
""",
    "a snapshot of four words": """
def f(cpu: Lane) -> tuple[W, W, W, W]:
    if cpu.newer & 1 == 0:
        return cpu.even[0], cpu.even[1], cpu.even[2], cpu.even[3]
    return cpu.odd[0], cpu.odd[1], cpu.odd[2], cpu.odd[3]
""",
    "four sums prepared, then committed": """
def f(cpu: Lane, a: W, b: W, c: W, d: W) -> None:
    newer = cpu.newer
    if newer & 1 == 0:
        cpu.odd[0] = cpu.even[0] + a
        cpu.odd[1] = cpu.even[1] + b
        cpu.odd[2] = cpu.even[2] + c
        cpu.odd[3] = cpu.even[3] + d
        cpu.newer = newer + 1
    else:
        cpu.even[0] = cpu.odd[0] + a
        cpu.even[1] = cpu.odd[1] + b
        cpu.even[2] = cpu.odd[2] + c
        cpu.even[3] = cpu.odd[3] + d
        cpu.newer = newer + 1
""",
    "a bitmap of eight words": """
def f(cpu: Lane) -> U | None:
    for i in range(8):
        word = cpu.words[i]
        if ~word != 0:
            bit = ~word & (word + 1)
            cpu.words[i] = word | bit
            return bit
    return None
""",
    "a lookup of two levels": """
def f(cpu: Lane, key: U, n: W) -> W:
    leaf = cpu.words[(key >> 5) & 7]
    old = cpu.keys[(leaf + key) & 31]
    cpu.keys[(leaf + key) & 31] = old + n
    return old
""",
    "eight places of a hash table": """
def f(cpu: Lane, key: W, n: W) -> bool:
    at = (key * 40503) >> 3
    for i in range(8):
        k = cpu.keys[(at + i) & 31]
        if k == key:
            cpu.stamps[(at + i) & 31] += n
            return True
    return False
""",
    "down a heap": """
def f(cpu: Lane, x: W) -> W:
    at = W(0)
    for level in range(4):
        left = cpu.keys[(2 * at + 1) & 31]
        right = cpu.keys[(2 * at + 2) & 31]
        if left < right:
            at = 2 * at + 1
        else:
            at = 2 * at + 2
    cpu.keys[at & 31] = x
    return at
""",
    "many names in each of 16 turns": """
def f(cpu: Lane, x: W) -> W:
    total = W(0)
    for i in range(16):
        a = cpu.keys[i]
        b = a * x
        c = b + a
        d = c * b
        total += d
    cpu.clock = total
    return total
""",
}


def made(name: str, architecture: Architecture) -> Any:
    return compiled(FITS[name], **NAMES[widest(architecture)])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
@pytest.mark.parametrize("name", FITS)
def test_it_fits(name: str, architecture: Architecture) -> None:
    code = made(name, architecture)
    architecture.assemble(section(code.body))
    check_registers(architecture.emitter(section(code.body), "cpu_id"))


def with_results(architecture: Architecture, parameters: int) -> Any:
    """The sequence with most results that is accepted, with so many parameters."""
    word, fitting = widest(architecture), None
    for count in range(2, 24):
        given = "".join(f", p{n}: W" for n in range(parameters))
        results = ", ".join(f"cpu.keys[{n}] ^ {f'p{n}' if n < parameters else n}" for n in range(count))
        text = f"def f(cpu: Lane{given}) -> tuple[{', '.join(['W'] * count)}]:\n    return {results}\n"
        code = compiled(text, **NAMES[word])
        try:
            architecture.assemble(section(code.body))
        except RegisterError:
            break
        fitting = code
    assert fitting is not None
    return fitting


@pytest.mark.slow
@pytest.mark.parametrize("name", tiers.names())
@pytest.mark.parametrize("parameters", range(4))
def test_as_many_results_as_are_accepted_are_compiled_and_right(parameters: int, name: str) -> None:
    report = check(with_results(arch.get(name), parameters), arch=name)
    assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "architecture"), [one for one in tiers.by_turns([*FITS]) if not one.marks])
def test_it_survives_every_interruption(name: str, architecture: str) -> None:
    report = check(made(name, arch.get(architecture)), arch=architecture, jobs=1)
    assert report.ok, str(report)


# ---- what would be wrong


def _any_copy(self: Lives, to: Group, source: Group, copied: object) -> int:
    return to.assigned | source.assigned


def _any_operand(op: ir.Op) -> ir.Value | None:
    return next(iter(op.used), None)


def _one_way(here: webs.Reaching, there: webs.Reaching) -> None:
    here |= there


def _no_reads(self: Lives, values: Any) -> int:
    return 0 if isinstance(values, tuple) and len(values) > 1 else _set(self, values)


def _in_use(self: Allocation, position: int) -> list[Slot]:
    return [next(slot for slot in self._busy if slot.kind == "int") for _ in self._needs[position]]


_set = Lives._set

MISTAKES = {
    "a copy shares, whatever is assigned meanwhile": (Lives, "_copies", _any_copy),
    "any operand may be where the result will be": (lives, "first_operand", _any_operand),
    "of two assignments that meet one counts": (webs, "_merge", _one_way),
    "what is read beside something else is not seen": (Lives, "_set", _no_reads),
    "scratch registers are in use": (Allocation, "_scratch", _in_use),
}


def check_all() -> None:
    for name in FITS:
        for one in ("aarch64", "s390x", "x86_64"):
            check_registers(arch.get(one).emitter(section(made(name, arch.get(one)).body), "cpu_id"))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_allocator_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MISTAKES[mistake])
    with pytest.raises(AssertionError):
        check_all()
