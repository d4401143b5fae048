"""What all structures say when they are used in a way that cannot be."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from makers import made
from rseq._structures.shipped import shipped
from support import run_python

OPERATORS = ("__len__", "__repr__", "__enter__", "__exit__")


def uses(kind: type[Any]) -> list[str]:
    """What one may do with an object, by name."""
    names = [name for name in dir(kind) if not name.startswith("_") or (name in OPERATORS and name in vars(kind))]
    declared = {name: inspect.getattr_static(kind, name) for name in names}
    return [name for name, thing in declared.items() if inspect.isfunction(thing) or isinstance(thing, property)]


ARGUMENTS = {"merge": [rseq.Histogram([1])], "call": [print], "release": [memoryview(b"")]}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in shipped() for name in uses(kind)])
def test_an_object_that_was_not_set_up_says_so(kind: type[Any], name: str) -> None:
    thing = kind.__new__(kind)
    with pytest.raises(TypeError, match=r"^this \w+ was made without calling __init__$"):
        use(thing, name)


def use(thing: Any, name: str) -> None:
    """Read the property, or call the method with as many arguments as it needs."""
    declared = inspect.getattr_static(type(thing), name)
    found = getattr(thing, name)
    if not isinstance(declared, property):
        parameters = list(inspect.signature(declared).parameters.values())[1:]
        needed = sum(one.default is one.empty and one.kind is not one.VAR_POSITIONAL for one in parameters)
        list(found(*ARGUMENTS.get(name, [1] * needed)))  # a generator begins when it is asked


@pytest.mark.parametrize("kind", list(shipped()))
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_to_do_instead_of_a_copy_makes_sense(kind: type[Any], copied: Callable[[Any], Any]) -> None:
    instead = r"(Pass its|Make one in each|Threads use this very object; or) .*make it in a segment, "
    instead += (
        rf"as in rseq\.{kind.__name__}\(…, segment='shop'\): then it can be handed to any process, "
        r'those that are started with "spawn" and "forkserver" too$'
    )
    with pytest.raises(
        TypeError, match=rf"^a private {kind.__name__} cannot be pickled or copied: .* process\. {instead}"
    ):
        copied(made(kind))


INTERRUPTED = """
import sys

import rseq


def interrupt(frame, event, argument):
    if frame.f_code.co_name == "_declare" and event == "return":
        sys.settrace(None)
        raise KeyboardInterrupt
    return interrupt


for name in sys.argv[1:]:
    sys.settrace(interrupt)
    try:
        getattr(rseq, name)
    except KeyboardInterrupt:
        print(name)
    sys.settrace(None)
rseq.Counter().add()
keys = rseq.KeyedCounter(4)
keys.add("a")
lock = rseq.SpinLock()
with lock:
    assert (keys["a"], rseq.TokenBucket(1, 1).take(), rseq.Pool(8, 1).acquire_row()) == (1, True, 0)
"""


def test_a_first_use_that_is_interrupted_is_begun_anew() -> None:
    names = ["Counter", "KeyedCounter", "SpinLock", "TokenBucket", "Pool"]
    assert run_python(INTERRUPTED, *names).stdout.split() == names
