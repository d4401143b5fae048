"""One number for each CPU, which is added to: what every counter is made of. Its code is in cell_code.py."""

from __future__ import annotations

from rseq._builtins.form import Form
from rseq._once import load
from rseq._percpu.storage import parts_of
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
    from rseq._structures.cell_code import adder, summer

    return {"add": adder(SCALARS[type]), "value": summer(SCALARS[type])}


def sum_over_lanes(storage: PerCPU[Any]) -> npt.NDArray[Any]:
    """The `value` of each record, summed over all lanes in its own type: integers wrap, floats overflow."""
    load("numpy")
    import numpy as np

    from rseq._percpu.sums import SUMMED, add_lanes

    parts = parts_of(storage)
    _, type, _ = parts.fields.places["value"]
    if type in SUMMED:
        sums = np.zeros(parts.shape, f"{type[0]}8")
        add_lanes(parts.memory.place, type, sums)
        return sums
    cells = storage.view()["value"]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(cells.sum(axis=0, dtype=cells.dtype))
