"""Arguments that nobody should pass: objects that raise, lie, re-enter, fork, drop what is used; and odd numbers."""

from __future__ import annotations

import gc
import math
import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np

HOOKS = (
    "__index__",
    "__int__",
    "__float__",
    "__len__",
    "__iter__",
    "__bool__",
    "__eq__",
    "__str__",
    "__fspath__",
    "__call__",
)
HUGE = (2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**70, 10**5000)


class Hostile(Exception):
    """What hostile objects raise."""


class World:
    """What hostile objects get at: the objects that are being used, and how they are used."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.things: list[Any] = []
        self.again: Callable[[], object] = int
        self.depth = 0

    def do_harm(self) -> None:
        """One of the things that code does in the middle of a call, where the caller does not expect it."""
        how = self.rng.choice(("raise", "raise", "drop", "fork", "again", "collect", "nothing"))
        if how == "raise":
            raise self.rng.choice((Hostile, TypeError, OverflowError, ValueError, KeyError, BufferError))("hostile")
        if how == "drop":
            self.things.clear()
            gc.collect()
        if how == "fork":
            self.fork()
        if how == "collect":
            gc.collect()
        if how == "again" and self.depth < 3:
            self.depth += 1
            try:
                self.again()
            except Exception:  # noqa: BLE001 - the outer call is what is looked at
                pass
            finally:
                self.depth -= 1

    def fork(self) -> None:
        """A child that uses what it has inherited, and ends."""
        child = os.fork()
        if child == 0:
            try:
                self.again()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0, f"the child ended with {status}"


def hostile_class(world: World, base: type, hooks: tuple[str, ...]) -> type:
    """A class whose `hooks` do harm, and then return something of the right kind, or not."""

    def hook(name: str) -> Any:
        def method(self: Any, *_: Any) -> Any:
            world.do_harm()
            answers = {
                "__index__": 3,
                "__int__": 3,
                "__float__": 2.5,
                "__len__": 2,
                "__iter__": iter((1, 2)),
                "__bool__": True,
            }
            answers |= {"__eq__": True, "__str__": "s", "__fspath__": "s", "__call__": None}
            return answers[name] if world.rng.random() < 0.8 else world.rng.choice((None, "x", -1, 2**70, 1.5, self))

        return method

    return type("Hostile", (base,), {name: hook(name) for name in hooks} | {"__hash__": object.__hash__})


def exporter(world: World) -> Any:
    """An object that exports a buffer from Python (3.12 and later), and does harm when it is asked."""

    class Exporter:
        def __buffer__(self, flags: int) -> memoryview:
            world.do_harm()
            return memoryview(bytearray(world.rng.choice((0, 1, 8, 4096))))

        def __release_buffer__(self, view: memoryview) -> None:
            world.do_harm()

    return Exporter()


def numbers(rng: random.Random) -> Any:
    """A number, or something like one."""
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice(HUGE) * rng.choice((1, -1)) + rng.choice((0, 1, -1))
    if kind == 1:
        return rng.choice((math.nan, math.inf, -math.inf, -0.0, 1e308, 5e-324, 1.5, -2.5))
    if kind == 2:
        return rng.choice((True, False, None))
    if kind == 3:
        return rng.choice((np.int8, np.int32, np.int64, np.uint64, np.float32, np.float64, np.bool_))(
            rng.choice((0, 1, 3))
        )
    if kind == 4:
        return np.array(rng.choice((0, 1, 2**40)))
    if kind == 5:
        return rng.choice((1j, "3", b"3", np.datetime64("2020-01-01"), np.float16(1), np.longdouble(1)))
    return rng.choice((0, 1, 2, 3, 4, 7, 8, 64, 255, -1, -3))


def buffers(rng: random.Random) -> Any:
    """A bytes-like object, or one that is nearly one."""
    data = bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 8, 24, 300))))
    readonly = np.zeros(8, "u1")
    readonly.flags.writeable = False
    released = memoryview(b"gone")
    released.release()
    return rng.choice(
        (
            data,
            bytearray(data),
            memoryview(data),
            memoryview(bytearray(16))[::2],
            released,
            np.zeros(8),
            np.zeros((4, 4))[:, ::2],
            np.asfortranarray(np.zeros((3, 3))),
            readonly,
            np.array([object()]),
            np.zeros(2, "M8[s]"),
            np.zeros(2, [("a", "u1"), ("b", "O")]),
            np.zeros((), "i8"),
            np.zeros(0),
        )
    )


class Lying:
    """It says that it is of another class."""

    def __init__(self, claimed: Any) -> None:
        self.claimed = claimed

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return self.__dict__.get("claimed", int)


def argument(world: World) -> Any:
    """Anything."""
    rng, kind = world.rng, world.rng.randrange(12)
    if kind <= 3:
        return numbers(rng)
    if kind == 4:
        return buffers(rng)
    if kind == 5:
        return rng.choice(("", "cpu_id", "mm_cid", "drop", "overwrite", "\udc80", "a\0b", "x" * 5000, "é", "i64", "i8"))
    if kind == 6:
        return rng.choice((rng.choice(world.things or [None]), type(rng.choice(world.things or [None]))))
    if kind == 7:
        return tuple(argument(world) for _ in range(rng.randrange(4)))
    if kind == 8:
        base = rng.choice((int, float, str, bytes, tuple, list, dict))
        made = hostile_class(world, base, tuple(rng.sample(HOOKS, rng.randrange(1, 4))))
        return made() if rng.random() < 0.5 or base not in (int, float) else made(rng.choice((0, 1, 3)))
    if kind == 9:
        return hostile_class(world, object, tuple(rng.sample(HOOKS, rng.randrange(1, 5))))()
    if kind == 10:
        return exporter(world) if rng.random() < 0.5 else Lying(type(rng.choice(world.things or [5])))
    return rng.choice(
        (object(), lambda *_: None, print, int, [], {}, iter(int, 1), (x for x in "ab"), Ellipsis, slice(1))
    )
