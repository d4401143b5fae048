"""A model of the LoongArch instructions that our code uses, on the text of a section: it needs no emulator.

It knows what the architecture's manual says of each instruction, and nothing else: no memory order, no interruptions.
An instruction that it does not know is an error. `Model(section's assembly).check(...)` is like `Board.check`.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from emulator import AREA, NO_LANE, ROWS
from oracle import outcome, plain, same
from rseq._arch.base import ABORTED, INDEX, NONE, TOKEN, Assembly
from rseq._arch.base import NO_LANE as NO_LANE_STATUS
from rseq._language.interpret import Memory, run

LITERALS = 0x9000_0000
MASK = (1 << 64) - 1
STEPS = 100_000
FORM = {"b": "b", "h": "h", "w": "i", "d": "q", "bu": "B", "hu": "H", "wu": "I"}
INTEGER: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}
FLOAT = {"fadd": operator.add, "fsub": operator.sub, "fmul": operator.mul, "fdiv": operator.truediv}
COMPARE = {"ceq": operator.eq, "cune": operator.ne, "clt": operator.lt, "cle": operator.le}
BRANCH: dict[str, tuple[bool, Callable[[int, int], bool]]] = {
    "beq": (False, operator.eq),
    "bne": (False, operator.ne),
    "blt": (True, operator.lt),
    "bge": (True, operator.ge),
    "bltu": (False, operator.lt),
    "bgeu": (False, operator.ge),
}


def signed(number: int, bits: int = 64) -> int:
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


class Model:
    """Runs a section. `registers` and `floats` are the bits that they hold."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        chosen = assembly._chosen_registers()
        self.names = {slot.role: chosen[slot.number] for slot in assembly.slots if slot.role != "temporary"}
        self.lines = [
            TOKEN.sub(lambda match: chosen[int(match[1])], line.text).replace(",", "").split()
            for line in assembly.lines()
        ]
        self.labels: dict[str, list[int]] = {}
        for place, words in enumerate(self.lines):
            if words[0].endswith(":"):
                self.labels.setdefault(words[0][:-1], []).append(place)

    def check(self, memory: Memory, arguments: Any = (), cpu: int = 1) -> Any:
        """Run it beside the interpreter; `memory` is what both leave."""
        body = self.assembly.section.body
        numbers = [plain(argument, value.type) for argument, value in zip(arguments, body.parameters, strict=True)]
        expected_memory = memory.copy()
        expected = outcome(run, body, expected_memory, numbers, cpu=cpu)
        got = self.call(memory, numbers, cpu)
        where = f"{self.assembly}\n{body.name}{tuple(numbers)}"
        assert same(got, "IndexError" if isinstance(expected, str) else expected), f"{where}: {got!r}, not {expected!r}"
        assert memory.blocks == expected_memory.blocks, f"{where}: the memory differs"
        return got

    def call(self, memory: Memory, numbers: Any, cpu: int) -> Any:
        """Run it; its result, "IndexError" or NO_LANE."""
        body = self.assembly.section.body
        given = dict(zip(body.parameters, numbers, strict=True))
        for check in body.checks:
            length = given.get(check.length, check.length)
            if not 0 <= given[check.index] < length + check.inclusive:
                return "IndexError"
        self.start(memory, numbers, cpu)
        self.run()
        status = signed(self.registers[self.names["status"]])
        if status > -4096 and status < 0:
            assert status != ABORTED
            return {NO_LANE_STATUS: NO_LANE, NONE: None}.get(status, "IndexError" if status <= INDEX else "?")
        if body.result is None:
            return None
        held = (self.floats if body.result.is_float else self.registers)[self.names["result"]]
        packed = (held & ((1 << body.result.bits) - 1)).to_bytes(body.result.size, "little")
        (number,) = struct.unpack("<" + body.result.code, packed)
        return bool(number) if body.result.kind == "bool" else number

    def start(self, memory: Memory, numbers: Any, cpu: int) -> None:
        """Inputs in their registers, noise in the others."""
        architecture, body = self.assembly.architecture, self.assembly.section.body
        self.registers = dict.fromkeys(architecture.registers["int"], 16045690984833335023)
        self.floats = dict.fromkeys(architecture.registers["float"], 13461464691860617936)
        self.flag = False
        self.memory = memory
        self.area = bytearray(struct.pack("<IIQIIII", max(cpu, 0), cpu & 0xFFFFFFFF, 0, 0, 0, max(cpu, 0), 0))
        lanes = sum(start < ROWS for start in memory.blocks)
        inputs = {"area": AREA, "base": memory.base, "stride": memory.stride, "lanes": lanes}
        self.registers.update({self.names[role]: number for role, number in inputs.items()})
        for value, number in zip(body.parameters, numbers, strict=True):
            if value.type.is_float:
                word = int.from_bytes(struct.pack("<" + value.type.code, number), "little")
                self.floats[self.names[value.name]] = word | (0xFFFF_FFFF << 32 if value.type.size == 4 else 0)
            else:
                self.registers[self.names[value.name]] = int(number) & MASK

    def run(self) -> None:
        """From the restart point to what follows the end."""
        place = self.labels["1"][-1]
        for _ in range(STEPS):
            if place == len(self.lines):
                return
            name, *operands = self.lines[place]
            jump = None if name.endswith(":") or name.startswith(".") else self.step(name, operands, place)
            place = place + 1 if jump is None else jump
        raise AssertionError("it does not end")

    def target(self, label: str, place: int) -> int:
        places = self.labels[label[:-1]]
        if label.endswith("f"):
            return min(one for one in places if one > place)
        return max(one for one in places if one <= place)

    # ---- one instruction

    def step(self, name: str, operands: list[str], place: int) -> int | None:
        """Do it; where it goes, if it branches."""
        base, _, width = name.partition(".")
        if name in ("b", "beqz", "bnez", "bgez", "bceqz", "bcnez") or name in BRANCH:
            return self.target(operands[-1], place) if self.branches(name, operands) else None
        if base in ("ld", "ldx", "st", "stx", "fld", "fldx", "fst", "fstx"):
            self.access(base, width, operands)
        elif name == "la.pcrel":
            self.set(operands[0], LITERALS + 8 * self.target(operands[1], place))
        elif base.startswith("f") or (name.startswith("mov") and name != "move"):
            self.compute_float(base, width, operands)
        elif base != "dbar":
            self.set(operands[0], self.compute(base, width, operands[1:]))
        return None

    def branches(self, name: str, operands: list[str]) -> bool:
        if name in ("bceqz", "bcnez"):
            assert operands[0] == "$fcc0"
            return self.flag == (name == "bcnez")
        if name == "b":
            return True
        left = self.get(operands[0])
        if name in ("beqz", "bnez"):
            return (left == 0) == (name == "beqz")
        if name == "bgez":
            return signed(left) >= 0
        is_signed, compare = BRANCH[name]
        right = self.get(operands[1])
        return compare(signed(left), signed(right)) if is_signed else compare(left, right)

    def get(self, name: str) -> int:
        """A register's bits, or a constant."""
        if name == "$zero":
            return 0
        return self.registers[name] if name.startswith("$") else int(name, 0) & MASK

    def set(self, name: str, number: int) -> None:
        assert name in self.registers
        self.registers[name] = number & MASK

    def compute(self, base: str, width: str, operands: list[str]) -> int:
        left, *others = (self.get(operand) for operand in operands)
        match base:
            case "li" | "move":
                return left
            case "alsl":
                return (left << others[1]) + others[0]
            case "ext":
                return signed(left, {"w.b": 8, "w.h": 16}[width])
            case "bstrpick":
                assert others[1] == 0
                return left & ((1 << (others[0] + 1)) - 1)
            case "slt":
                return int(signed(left) < signed(others[0]))
            case "sltu" | "sltui":
                return int(left < others[0])
            case "masknez":
                return 0 if others[0] else left
            case "div" if width == "d":
                quotient = abs(signed(left)) // abs(signed(others[0]))
                return quotient if (signed(left) < 0) == (signed(others[0]) < 0) else -quotient
            case "div" if width == "du":
                return left // others[0]
        return self.compute_in_width(base, 32 if width == "w" else 64, left, others[0])

    def compute_in_width(self, base: str, bits: int, left: int, right: int) -> int:
        """Operations with a form of 32 bits, whose result has the sign above."""
        if (base.removesuffix("i")) in ("sll", "srl", "sra"):
            count, left = right & (bits - 1), left & ((1 << bits) - 1)
            shifted = {"sll": left << count, "srl": left >> count, "sra": signed(left, bits) >> count}
            return signed(shifted[base.removesuffix("i")], bits)
        immediate = base not in INTEGER
        if immediate:
            limit = (0, 4095) if base in ("andi", "ori", "xori") else (-2048, 2047)
            assert limit[0] <= signed(right) <= limit[1], "no such immediate"
        return signed(INTEGER[base.removesuffix("i") if immediate else base](left, right), bits)

    # ---- memory

    def access(self, base: str, width: str, operands: list[str]) -> None:
        register, first, second = operands
        if not base.endswith("x"):
            assert -2048 <= int(second) <= 2047
        address = self.get(first) + self.get(second) & MASK
        is_float, form = base.startswith("f"), "I" if width == "s" else FORM[width]
        size = struct.calcsize("<" + ("Q" if is_float and width == "d" else form))
        block, at = self.find(address, size)
        if "st" in base:
            bits = (self.floats[register] if is_float else self.get(register)) & ((1 << 8 * size) - 1)
            block[at : at + size] = bits.to_bytes(size, "little")
        elif is_float:
            self.floats[register] = int.from_bytes(block[at : at + size], "little")
        else:
            self.set(register, struct.unpack_from("<" + form, block, at)[0])

    def find(self, address: int, size: int) -> tuple[bytearray, int]:
        assert address % size == 0, "misaligned"
        blocks = {AREA: self.area, **self.memory.blocks}
        for start, block in blocks.items():
            if start <= address <= start + len(block) - size:
                return block, address - start
        data = self.lines[(address - LITERALS) // 8 + 1]
        assert data[0] == ".byte", f"no memory at {address:#x}"
        return bytearray(int(byte) for byte in data[1:]), 0

    # ---- floats

    def number(self, name: str, letter: str) -> Any:
        form, size = ("<f", 4) if letter == "s" else ("<d", 8)
        (number,) = struct.unpack(form, (self.floats[name] & ((1 << 8 * size) - 1)).to_bytes(size, "little"))
        return np.float32(number) if letter == "s" else np.float64(number)

    def put(self, name: str, number: Any, letter: str) -> None:
        form = "<f" if letter == "s" else "<d"
        assert name in self.floats
        self.floats[name] = int.from_bytes(struct.pack(form, np.float32(number) if letter == "s" else number), "little")

    def compute_float(self, base: str, width: str, operands: list[str]) -> None:
        target, *others = operands
        with np.errstate(all="ignore"):
            if base in FLOAT:
                self.put(target, FLOAT[base](*(self.number(name, width) for name in others)), width)
            elif base == "fcmp":
                sign, letter = width.split(".")
                left, right = (self.number(name, letter) for name in others[0:])
                assert target == "$fcc0"
                self.flag = bool(COMPARE[sign](left, right))
            elif base == "fcvt":
                to, given = width.split(".")
                self.put(target, self.number(others[0], given), to)
            elif base == "ffint":
                number = signed(self.floats[others[0]])
                letter = width[0]
                self.put(target, (np.float32 if letter == "s" else np.float64)(np.int64(number)), letter)
            elif base == "ftintrz":
                to, letter = width.split(".")
                self.floats[target] = _saturated(self.number(others[0], letter), 32 if to == "w" else 64)
            else:
                self.move(f"{base}.{width}", target, others[0])

    def move(self, name: str, target: str, source: str) -> None:
        match name:
            case "fmov.s" | "fmov.d":
                assert target in self.floats
                self.floats[target] = self.floats[source]
            case "movgr2fr.d":
                self.floats[target] = self.get(source)
            case "movgr2fr.w":
                self.floats[target] = self.get(source) & 0xFFFFFFFF
            case "movfr2gr.d":
                self.set(target, self.floats[source])
            case "movfr2gr.s":
                self.set(target, signed(self.floats[source], 32))
            case _:
                raise AssertionError(f"unknown instruction {name}")


def _saturated(number: Any, bits: int) -> int:
    if number != number:
        return 0
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    whole = low if number <= low else high if number >= high else int(number)
    return whole & ((1 << bits) - 1)
