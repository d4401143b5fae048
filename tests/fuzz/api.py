"""Calls everything public with hostile arguments: `python -m fuzz.api SEED CALLS LOG`, in a process of its own.

It knows no list of what there is: it starts from `rseq.__all__`, makes objects of each class with the first arguments
that work, and goes on with what calls return. Each call is written to LOG before it is made, so that a
process that dies has said of what.
"""

from __future__ import annotations

import copy
import faulthandler
import gc
import inspect
import itertools
import operator
import os
import pickle
import random
import resource
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import rseq
from fuzz.hostile import Hostile, World, argument
from rseq import i64, ptr

DOCUMENTED = (
    TypeError,
    ValueError,
    OverflowError,
    LookupError,
    AttributeError,
    BufferError,
    MemoryError,
    RuntimeError,
    OSError,
    SyntaxError,  # CompileError, ContractError
    StopIteration,
    Hostile,
)
MOST_THINGS = 60
LIMIT_BYTES = 12 << 30
PATIENCE_S = 500
"""By the clock, for what waits for ever; it is long, because others use the machine as well."""

CPU_S = 300
"""Of computing, for what never ends."""


class Node(rseq.Record):
    """What arrays of rows are of."""

    next: ptr[Node]  # type: ignore[type-arg]
    value: i64


class Cell(rseq.Record):
    """What storage is of."""

    value: i64
    head: ptr[Node]


@rseq.sequence
def add(cpu: Cell, n: i64 = 1) -> i64:
    """A sequence."""
    old = cpu.value
    cpu.value = old + n
    return old


@rseq.sequence
def push(cpu: Cell, node: ptr[Node]) -> bool:
    """One with rows."""
    node.next = cpu.head
    cpu.head = node
    return True


@rseq.sequence
def follow(cpu: Cell) -> i64:
    """One that goes where a pointer in memory leads."""
    node = cpu.head
    if node is None:
        return 0
    after = node.next
    if after is None:
        return node.value
    return node.value + after.value


@rseq.routine
def measure(cpu: Cell, data: bytes, out: bytearray, flag: bool = False) -> i64:
    """One with buffers."""
    if flag:
        return -1
    return i64(len(data)) + i64(len(out))


FIRST: tuple[tuple[Any, ...], ...] = ((), (2,), ([1, 2],), (8, 2), (300,), (Cell,), (Node, 3))


def objects() -> list[Any]:
    """Objects of everything public."""
    made: list[Any] = [getattr(rseq, name) for name in rseq.__all__]
    for kind in [thing for thing in made if inspect.isclass(thing)]:
        for given in FIRST:
            try:
                made.append(kind(*given))
                break
            except DOCUMENTED:
                continue
    storage, nodes = rseq.percpu(Cell), rseq.array(Node, 3)
    made += [add, push, measure, storage, nodes, nodes[1], Cell, Node, storage.memory]
    made += [add.bind(storage), push.bind(storage, nodes), measure.bind(storage), add.bind(rseq.percpu(Cell, (2, 3)))]
    return made


def names_of(thing: Any) -> list[str]:
    """Its public names, and those that syntax uses."""
    special = {"__class__", "__dict__", "__doc__", "__subclasses__", "__getattribute__", "__del__"}
    names = [name for name in dir(thing) if not name.startswith("_") or (name.endswith("__") and name not in special)]
    return names or ["__init__"]


def is_ours(thing: Any) -> bool:
    """Whether its class, or the function itself, comes from the package or was made by it."""
    homes = (getattr(type(thing), "__module__", ""), getattr(thing, "__module__", ""))
    return any(isinstance(home, str) and home.partition(".")[0] in ("rseq", "fuzz", "__main__") for home in homes)


def arguments(world: World, function: Any) -> tuple[list[Any], dict[str, Any]]:
    """Some, by position and by name. Who may wait is given a time limit."""
    given = [argument(world) for _ in range(world.rng.choice((0, 1, 1, 1, 2, 2, 3, 5)))]
    keywords: dict[str, Any] = {}
    try:
        known = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        known = []
    if known and world.rng.random() < 0.3:
        keywords[world.rng.choice(known)] = argument(world)
    if "timeout" in known:
        given, keywords = [], {"timeout": world.rng.choice((0, 0.001, -1, float("nan"), "x", True, 1e-9))}
    if world.rng.random() < 0.05:
        keywords[world.rng.choice(("nothing", "", "\udc80", "self", "n"))] = argument(world)
    return given, keywords


def operation(world: World) -> tuple[str, Callable[[], Any]]:
    """Something to do with some object: how it is written, and the doing."""
    rng = world.rng
    thing = rng.choice(world.things)
    names = names_of(thing)
    public = [name for name in names if not name.startswith("_")]
    name = rng.choice(public if public and rng.random() < 0.7 else names)
    kind = rng.randrange(16)
    if kind == 0 and not is_shared(thing):
        value = argument(world)
        change = rng.choice((setattr, object.__setattr__))
        return f"setattr({shown(thing)}, {name!r}, {shown(value)})", lambda: change(thing, name, value)
    if kind == 1 and not is_shared(thing):
        return f"delattr({shown(thing)}, {name!r})", lambda: delattr(thing, name)
    if kind == 2:
        other = argument(world)
        use = rng.choice(
            (operator.getitem, operator.eq, operator.contains, operator.add, operator.lt, operator.or_, isinstance)
        )
        return f"{use.__name__}({shown(thing)}, {shown(other)})", lambda: use(thing, other)
    if kind == 3:
        one = rng.choice(
            (len, repr, hash, bool, iter, str, bytes, dir, copy.copy, copy.deepcopy, pickle.dumps, memoryview, float)
        )
        return f"{one.__name__}({shown(thing)})", lambda: first_of(one(thing))
    if kind == 4:
        return f"with {shown(thing)}", lambda: enter(world, thing)
    if kind == 5 and not is_shared(thing):
        other = type(rng.choice(world.things))
        return f"{shown(thing)}.__class__ = {shown(other)}", lambda: become(world, thing, other)
    if kind == 9:
        return f"write into the arrays of {shown(thing)}", lambda: overwrite(world, thing)
    if kind == 6:
        base = type(thing)
        chosen = [name for name in rng.sample(names, min(2, len(names))) if name not in READ_BY_PYTHON]
        own = {name: argument(world) for name in chosen}
        bases = (base, *([type(rng.choice(world.things))] if rng.random() < 0.3 else []))
        return f"type('Own', {bases}, {shown(own)})", lambda: subclass(world, bases, own)
    if kind == 7 and inspect.isclass(thing):
        return f"{shown(thing)}.__new__", lambda: thing.__new__(thing)
    return unbound_call(world, thing, name) if kind == 8 else call(world, thing, name)


def unbound_call(world: World, thing: Any, name: str) -> tuple[str, Callable[[], Any]]:
    """A method of its class, with another object."""
    other = world.rng.choice(world.things)
    given, keywords = arguments(world, None)
    text = f"type({shown(thing)}).{name}({shown(other)}, *{shown(given)})"
    return text, lambda: getattr(type(thing), name)(other, *given, **keywords)


def call(world: World, thing: Any, name: str) -> tuple[str, Callable[[], Any]]:
    """A method of the object, or now and then the object itself; what cannot be called is read."""
    target = thing if callable(thing) and world.rng.random() < 0.4 else getattr(thing, name, None)
    given, keywords = arguments(world, target)
    if not callable(target):
        return f"{shown(thing)}.{name}", lambda: getattr(thing, name)
    if name in ("__setattr__", "__delattr__", "__init__", "__setstate__") and is_shared(thing):
        return f"{shown(thing)}.{name}", lambda: None
    return f"{shown(thing)}.{name} or itself (*{shown(given)}, **{shown(keywords)})", lambda: target(*given, **keywords)


def is_shared(thing: Any) -> bool:
    """Whether it is a class or a function of the package, which the rest of the run needs as it is."""
    return (
        inspect.isclass(thing)
        or inspect.isroutine(thing)
        or isinstance(thing, (rseq.Sequence, rseq.Routine, type(rseq.i64)))
    )


READ_BY_PYTHON = ("__slots__", "__orig_bases__")
"""What Python itself goes through when a class is made, to its end: there are arguments that have none."""


def subclass(world: World, bases: tuple[type, ...], own: dict[str, Any]) -> Any:
    """An object of a class derived from ours, with attributes of its own."""
    kind: Any = type(bases[0])("Own", bases, own)
    return kind(*world.rng.choice(FIRST))


def become(world: World, thing: Any, other: type) -> None:
    """An object that was made as one thing, and says that it is another, with all that this can do."""
    thing.__class__ = other
    use_all(world, thing)


def use_all(world: World, thing: Any) -> None:
    """All public methods, with arguments that may fit."""
    for name in names_of(thing):
        if not name.startswith("_") or name in ("__enter__", "__exit__"):
            for given in ((), (1,), (0, 1), (b"x",)):
                try:
                    getattr(thing, name)(*given, **({"timeout": 0.001} if name in ("synchronize", "barrier") else {}))
                except DOCUMENTED:
                    continue


def overwrite(world: World, thing: Any) -> None:
    """Write what one may not into the memory of storage and rows, by all that NumPy offers; then let sequences run."""
    storage, nodes = rseq.percpu(Cell), rseq.array(Node, 3)
    put, look = push.bind(storage, nodes), follow.bind(storage)
    put(nodes[0])
    view = world.rng.choice((storage.view(), nodes.values, storage.memory.view("u8"), nodes[0]["value"], thing))
    while isinstance(view, np.ndarray):
        for write in (lambda view=view: setattr(view.flags, "writeable", True), lambda view=view: view.fill(0x41)):
            try:
                write()
            except DOCUMENTED:
                continue
        view = view.base
    for row in nodes:
        put(row)
        look()
        push.bind(storage, nodes)(row)
        row["next"] = row


def enter(world: World, thing: Any) -> None:
    """`with thing`, and something in it."""
    with thing:
        world.again()


def first_of(value: Any) -> Any:
    """What was returned; of an iterator, some of what it gives."""
    return list(itertools.islice(value, 3)) if hasattr(type(value), "__next__") else value


def shown(thing: Any) -> str:
    """A short text that calls nothing of the object's."""
    if type(thing) is int and abs(thing) > 2**80:
        return "a huge int"
    if type(thing) in (int, float, str, bytes, bool, type(None)):
        return repr(thing)[:60]
    if type(thing) in (tuple, list):
        return f"[{', '.join(map(shown, thing[:5]))}]"
    if type(thing) is dict:
        return f"{{{', '.join(f'{key!r}: {shown(value)}' for key, value in thing.items())}}}"
    name = type.__dict__["__name__"].__get__(type(thing))
    return f"<{name}>"


class Run:
    """One run: what is done, what is written before it, and what came that nobody documents."""

    def __init__(self, seed: int, log: Any) -> None:
        self.world, self.seed, self.log = World(random.Random(seed)), seed, log
        self.kept = objects()
        self.failures = self.number = 0

    def all(self) -> None:
        """Everything that has a name, once on an object, and once on the class with another object."""
        for thing in self.kept:
            for name in names_of(thing):
                self.world.things[:] = self.kept
                self.do(lambda thing=thing, name=name: call(self.world, thing, name))
                self.do(lambda thing=thing, name=name: unbound_call(self.world, thing, name))

    def disguised(self) -> None:
        """Each object as one of each class whose layout is the same."""
        things = [thing for thing in objects() if not is_shared(thing)]
        self.world.things[:] = self.kept
        for thing in things:
            for other in {type(one) for one in things}:
                self.do(
                    lambda thing=thing, other=other: (
                        f"{shown(thing)} as {other}",
                        lambda: become(self.world, thing, other),
                    )
                )

    def some(self, calls: int) -> None:
        """That many operations on whatever there is."""
        for number in range(calls):
            if len(self.world.things) < 20 or number % 200 == 0:
                self.world.things[:] = [*self.kept, *objects()] if number % 400 == 0 else self.kept
            self.do(lambda: operation(self.world))

    def do(self, choose: Callable[[], tuple[str, Callable[[], Any]]]) -> None:
        """Do something, and look at how it ends."""
        self.number += 1
        text, world = "looking for something to do", self.world
        try:
            text, world.again = choose()
            self.log.write(f"{self.number} {text}\n")
            result = world.again()
            if is_ours(result) and len(world.things) < MOST_THINGS:
                world.things.append(result)
        except DOCUMENTED:
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            if isinstance(error, SystemError) or any(f"{os.sep}rseq{os.sep}" in frame.filename for frame in frames):
                self.failures += 1
                text = f"call {self.number} of seed {self.seed}: {text}"
                sys.stderr.write(f"{text}\n{''.join(traceback.format_exception(error))}\n")


def main() -> int:
    """See above."""
    seed, calls, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    faulthandler.enable()
    faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
    faulthandler.register(signal.SIGXCPU, chain=True)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 10))
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    warnings.simplefilter("ignore")
    sys.unraisablehook = threading.excepthook = lambda *_: None
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with open(path, "w", buffering=1, errors="backslashreplace") as log:
        run = Run(seed, log)
        run.all()
        run.disguised()
        run.some(calls)
        log.write("at the end\n")
    gc.collect()
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
