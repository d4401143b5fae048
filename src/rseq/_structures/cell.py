"""One number for each CPU, which is added to: what every counter is made of. Its code is in cell_code.py."""

from __future__ import annotations

from rseq._builtins.form import Form
from rseq._integers import signed
from rseq._once import load
from rseq._percpu.storage import lanes_of, parts_of
from rseq._quick import cache, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy.typing as npt

    from rseq._language.compiled import Compiled
    from rseq._percpu.storage import PerCPU


@cache
def cell(type: str) -> Form:
    """The form of a number of that type."""
    return Form(f"cell {type}", partial(_parse, type))


@cache
def cells(type: str) -> Form:
    """The form of arrays of them: the same code, indexed."""
    return Form(f"cells {type}", partial(_parse, type))


def _parse(type: str) -> Mapping[str, Compiled]:
    from rseq._language.types import SCALARS
    from rseq._structures.cell_code import adder

    return {"add": adder(SCALARS[type])}


def total(storage: PerCPU[Any]) -> Any:
    """The sum over all lanes, of one number in each: an integer wraps as its type does."""
    found = sum(lanes_of(storage).read("value"))
    _, type, _ = parts_of(storage).fields.places["value"]
    if type.startswith("f"):
        return found
    bits = int(type[1:])
    return signed(found, bits) if type.startswith("i") else found % (1 << bits)


def sum_over_lanes(storage: PerCPU[Any]) -> npt.NDArray[Any]:
    """The `value` of each record, summed over all lanes in its own type: integers wrap, floats overflow."""
    load("numpy")
    import numpy as np

    cells = storage.view()["value"]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(cells.sum(axis=0, dtype=cells.dtype))
