"""Machine code that comes with the package beside the same, compiled now: what a call costs, one divided by the other.

Both are built-in functions on the same memory, called in turns in one process, which has no cache. The bytes are the
same, which a test holds (tests/test_shipped.py); this shows that how they are loaded makes no difference either.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import repeat
from typing import Any

from rseq._builtins.bind import builtin
from rseq._builtins.form import Form
from rseq._structures.cell import cell
from rseq._structures.histogram.bounds import sorted_layout
from rseq._structures.ring.kind import PARTS, Kind
from rseq._structures.structure import private_storage

CALLS = 20_000


def measured(rounds: int) -> dict[str, float]:
    """`ratios`, in a process that compiles anew. Empty: there is no shipped code here, as in a checkout."""
    command = [sys.executable, "-c", f"import json; from {__name__} import ratios; print(json.dumps(ratios({rounds})))"]
    done = subprocess.run(
        command, env={**os.environ, "RSEQ_CACHE_DIR": ""}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"shipped code cannot be measured: {done.stderr.strip()}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ratios(rounds: int) -> dict[str, float]:
    """Time of a call of shipped code ÷ of freshly compiled code, by what is called; the best of `rounds` of each."""
    if cell("i64").shipped("cpu_id", has_rseq=True) is None:
        return {}
    layout, ring = sorted_layout([1.0, 2.0, 4.0]), Kind(1 << 14, PARTS, clock=False)
    return {
        "Counter.add": _ratio(cell("i64"), "add", 1, rounds),
        "FloatCounter.add": _ratio(cell("f64"), "add", 1.0, rounds),
        "Histogram.observe": _ratio(layout.form, "observe", 1.5, rounds),
        "RingBuffer.write": _ratio(ring.form, "write", b"event", rounds),
    }


def _ratio(form: Form, name: str, argument: object, rounds: int) -> float:
    """Of one part, called with that argument on new memory."""
    storage, part = private_storage(form), form.part(name)
    about: dict[str, Any] = {"memory": storage.memory, "index": storage.index, "shape": storage.shape}
    shipped, fresh = builtin(part, title=f"Shipped.{name}", **about), builtin(part.code, title=f"Fresh.{name}", **about)
    best = [float("inf"), float("inf")]
    for number in range(rounds):
        for place in (number % 2, 1 - number % 2):
            best[place] = min(best[place], _seconds((shipped, fresh)[place], argument))
    return best[0] / best[1]


def _seconds(call: Callable[[Any], object], argument: object) -> float:
    given = repeat(argument, CALLS)
    began = time.perf_counter()
    for one in given:
        call(one)
    return time.perf_counter() - began
