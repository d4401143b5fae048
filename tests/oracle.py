"""The interpreter beside machine code: `Bench` runs code in critical sections and on the spare lane, and compares."""

from __future__ import annotations

import ctypes
import itertools
from functools import cache
from typing import Any

import numpy as np

import rseq
from programs import edges
from rseq._language.interpret import Memory, run
from rseq._language.types import Index, Pointer, Record
from rseq._percpu.memory import Memory as Item
from rseq._percpu.rows import rows_of
from rseq._percpu.storage import parts_of


def writable(storage: Any) -> Any:
    """The record in all lanes, to write anything to: `view()` is read-only where there are pointers."""
    place, record = storage.place, storage.record
    block = (ctypes.c_char * (place.stride * place.lanes + record.size)).from_address(place.base)
    return np.ndarray((place.lanes + 1,), record.dtype, block, strides=(place.stride,))


class Bench:
    """A sequence or routine bound to a CPU's lane and to a spare one, beside the interpreter's memory of both."""

    def __init__(self, code: Any, cpu: int, *arrays: Any) -> None:
        self.code, self.arrays = code, arrays
        record = code.body.record
        storages = {"in the critical section": (rseq.percpu(record), cpu), "on the spare lane": (only_spare(record), 0)}
        self.ways = [(where, code.bind(storage, *arrays), lane) for where, (storage, lane) in storages.items()]
        self.lanes = [writable(storage)[lane : lane + 1] for storage, lane in storages.values()]

    def add(self, where: str, call: Any, storage: Any, number: int) -> None:
        """Another way to run it: `call` works on lane `number` of `storage`."""
        self.ways.append((where, call, number))
        self.lanes.append(writable(storage)[number : number + 1])

    def fill(self, record: Any) -> None:
        """The same values in each lane."""
        for lane in self.lanes:
            lane[0] = record

    def check(self, *arguments: Any) -> Any:
        """Run it each way, beside the interpreter; what the critical section gave, if all agree."""
        before = [array.values.copy() for array in self.arrays]
        answers = []
        for (where, bound, number), lane in zip(self.ways, self.lanes, strict=True):
            for array, rows in zip(self.arrays, before, strict=True):
                rows_of(array).writable[:] = rows  # `values` is read-only where there are pointers
            memory = self._memory(lane, number)
            body = self.code.body
            given = [bytearray(argument) if isinstance(argument, bytearray) else argument for argument in arguments]
            pairs = list(zip(given, body.given, strict=False))
            words = [_words(argument, value.type, memory) for argument, value in pairs]
            expected = outcome(run, body, memory, [word for some in words for word in some], cpu=number)
            got = outcome(bound, *given)
            assert same(plain(got, body.result), expected), f"{where}: {got!r} instead of {expected!r}"
            assert same_bytes(lane, memory.blocks[memory.lane(number)]), f"{where}: the lane differs"
            for argument, some in zip(given, words, strict=True):
                if isinstance(argument, bytearray):
                    assert argument == memory.blocks[some[0]], f"{where}: a buffer differs"
            for array in self.arrays:
                assert same_bytes(array.values, memory.blocks[array.address]), f"{where}: the rows differ"
            answers.append(got)
        return answers[0]

    def _memory(self, lane: Any, number: int) -> Memory:
        memory = Memory.of(self.code.body.record, number + 1)
        memory.blocks.update((array.address, bytearray(array.values.tobytes())) for array in self.arrays)
        memory.blocks[memory.lane(number)] = bytearray(lane.tobytes())
        memory.arrays.update((array.record, (array.address, array.length)) for array in self.arrays)
        return memory


def _words(argument: Any, type: Any, memory: Memory) -> list[Any]:
    """An argument as the interpreter takes it: bytes are put into memory, and become an address and a length."""
    if not isinstance(argument, (bytes, bytearray)):
        return [plain(argument, type)]
    address = (1 << 46) + (len(memory.blocks) << 20)
    memory.blocks[address] = bytearray(argument)
    return [address, len(argument)]


def only_spare(record: type[Record]) -> Any:
    """Storage without a lane for any CPU: what runs on it takes the spare lane, which is lane 0."""
    storage: Any = rseq.percpu(record)
    item, parts = storage.memory, parts_of(storage)
    object.__setattr__(parts, "memory", Item(item.place._replace(lanes=0), item.nbytes, item))  # only we have it
    return storage


def outcome(function: Any, *arguments: Any, **options: Any) -> Any:
    """What a call returns, or the text of its IndexError without the function's name."""
    try:
        return function(*arguments, **options)
    except IndexError as error:
        return f"IndexError: {str(error).removeprefix('f(): ')}"


def plain(value: Any, type: Any) -> Any:
    """A row or None as the interpreter has it, if it is a `type`: an address, or a number."""
    if not isinstance(type, Pointer) or isinstance(value, (int, str)):
        return value
    if isinstance(type, Index):
        return 0 if value is None else value.array.index_of(value)
    return 0 if value is None else value.address


def same(one: Any, other: Any) -> bool:
    """Equal in value, kind and sign; one NaN is as good as another."""
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def same_bytes(values: Any, block: bytearray) -> bool:
    """Equal memory, where one NaN is as good as another."""
    if values.tobytes() == block:
        return True
    return _canonical(values) == _canonical(np.frombuffer(bytearray(block), values.dtype))


def _canonical(values: Any) -> bytes:
    copy = values.copy()
    for name in copy.dtype.names:
        field = copy[name]
        if field.dtype.kind == "f":
            field[np.isnan(field)] = np.nan
    return bytes(copy.tobytes())


def filled(seed: int, record: Any, row: Any = None) -> Any:
    """A record of edges, picked by `seed`; its pointers are `row` or None."""
    return _filled(seed, record, row).copy() if isinstance(row, int | None) else _made(seed, record, row)


@cache
def _filled(seed: int, record: Any, row: int | None) -> Any:
    return _made(seed, record, row)


def _made(seed: int, record: Any, row: Any) -> Any:
    values = np.zeros((), record.dtype)
    turns = itertools.count(seed)
    for name, field in record.fields.items():
        type = getattr(field.type, "element", field.type)
        choices = [0, plain(row, type)] if isinstance(type, Pointer) else edges(type)
        count = getattr(field.type, "length", 1)
        picked = [choices[next(turns) * 7919 % len(choices)] for _ in range(count)]
        values[name] = np.array(picked, values[name].dtype).reshape(values[name].shape)
    return values
