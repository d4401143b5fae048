"""Draw what was measured: a panel for each block of the table, a bar for each implementation, rseq in colour.

Of many operations each is drawn once: native loops with a thread on each CPU, what is called from Python with one. The
tables have the rest. Bars begin at 0 so that their lengths compare; a bar that would leave the others too short to see
is cut off, with its figure beside it. Every bar says its time and how many times rseq's it is; a thin line goes from
the fastest round to the slowest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rseq._bench.machine import Fact
from rseq._bench.report import headline, name_workers, number
from rseq._bench.run import Operation, Result
from rseq._once import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RSEQ = "#0b7a4b"
_OTHER = "#b9c0c7"
_FLOOR = "#e3e6e9"
_INK = "#22282e"
_FAINT = "#69727b"
_FLOORS = {"thread-local", "abs", "empty", "empty-attribute"}
"""Implementations that do less than the others on purpose."""
_LONGEST = 20
"""The longest bar, as a multiple of rseq's, or of the shortest one's where rseq was not measured."""

_FEW = 4
"""Operations of which everything is drawn."""

_TITLE = "What one operation costs: rseq, and what else there is"
_KEY = "Beside each bar: CPU time for one operation, and how many times rseq's that is."
_HEAD, _PANEL_HEAD, _BAR = 0.75, 0.55, 0.29
"""Heights in inches: of the picture's heading, of a panel's, of a bar with its gap."""

_Panel = tuple[Operation, int, list[Result]]


def draw(
    path: Path, machine: Mapping[str, Fact], operations: Sequence[Operation], results: Sequence[Result], cpus: int
) -> None:
    """Write a picture of all results to `path`, a PNG file."""
    load("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = _panels(operations, results, cpus)
    columns, ends = _columns(panels), _ends(panels)
    height = _HEAD + max(_height(column) for column in columns)
    width = 7.6 * len(columns)
    figure = Figure(figsize=(width, height), dpi=160, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.15 / width, 1 - 0.38 / height, _TITLE, color=_INK, fontsize=16, fontweight="bold")
    figure.text(0.15 / width, 1 - 0.66 / height, f"{headline(machine)}. {_KEY}", color=_FAINT, fontsize=9.5)
    for number_of_column, column in enumerate(columns):
        top = height - _HEAD
        for operation, threads, rows in column:
            top -= _PANEL_HEAD
            bars = _BAR * len(rows)
            place = (7.6 * number_of_column + 2.55) / width, (top - bars) / height, 4.9 / width, bars / height
            _panel(figure.add_axes(place), operation, threads, rows, cpus, ends[operation.name])
            top -= bars
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15)  # long labels stand outside


def _height(panels: Sequence[_Panel]) -> float:
    """How high a column of panels is, in inches."""
    return 0.15 + sum(_PANEL_HEAD + _BAR * len(rows) for _, _, rows in panels)


def _columns(panels: list[_Panel]) -> list[list[_Panel]]:
    """The panels in one column, or in two of about the same height."""
    if len(panels) < 3:
        return [panels]
    splits = [(panels[:at], panels[at:]) for at in range(1, len(panels))]
    return list(min(splits, key=lambda split: max(map(_height, split))))


def _ends(panels: Sequence[_Panel]) -> dict[str, float]:
    """For each operation the time at which its bars end: all its panels have one scale."""
    ends = {}
    for operation in dict.fromkeys(operation.name for operation, _, _ in panels):
        mine = [result for other, _, rows in panels for result in rows if other.name == operation]
        times = {result.implementation: result.ns_per_op for result in mine}
        reference = next(other.reference for other, _, _ in panels if other.name == operation)
        longest, shortest = max(result.ns_per_op for result in mine), min(times.values())
        ends[operation] = min(longest, _LONGEST * times.get(reference, shortest))
    return ends


def _panels(operations: Sequence[Operation], results: Sequence[Result], cpus: int) -> list[_Panel]:
    by_name = {operation.name: operation for operation in operations}
    groups = groupby(results, key=lambda result: (result.operation, result.threads))
    panels = [(by_name[name], threads, list(rows)) for (name, threads), rows in groups]
    return panels if len(operations) <= _FEW else [panel for panel in panels if _tells_most(panel, panels, cpus)]


def _tells_most(panel: _Panel, panels: Sequence[_Panel], cpus: int) -> bool:
    """If this panel stands for its operation: the one with the number of threads that it is for, or else the first."""
    operation, threads, _ = panel
    measured = [number for other, number, _ in panels if other is operation]
    wanted = cpus if operation.is_native else 1
    return threads == (wanted if wanted in measured else measured[0])


def _panel(axes: Axes, operation: Operation, threads: int, results: Sequence[Result], cpus: int, end: float) -> None:
    """Draw one block of the table, the fastest on top."""
    results = sorted(results, key=lambda result: result.ns_per_op)
    rseq = next((r.ns_per_op for r in results if r.implementation == operation.reference), None)
    for row, result in enumerate(results):
        _bar(axes, row, result, rseq, end)
    axes.set_title(
        f"{operation.title} · {name_workers(operation, threads, cpus)}", loc="left", fontsize=10, color=_INK, pad=4
    )
    axes.set_yticks(range(len(results)), [result.label for result in results], fontsize=9, color=_INK)
    for label, result in zip(axes.get_yticklabels(), results, strict=True):
        if result.implementation.startswith("rseq"):
            label.set_color(_RSEQ)
            label.set_fontweight("bold")
    axes.set_xlim(0, end * 1.3)
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(_FAINT)


def _bar(axes: Axes, row: int, result: Result, rseq: float | None, end: float) -> None:
    name, time = result.implementation, result.ns_per_op
    colour = _RSEQ if name.startswith("rseq") else _FLOOR if name in _FLOORS else _OTHER
    axes.barh(row, min(time, end), height=0.68, color=colour)
    cut = time > end
    if cut:  # two white strokes across the end of the bar
        for at in (0.955, 0.97):
            axes.plot([end * at, end * (at + 0.012)], [row + 0.42, row - 0.42], color="white", linewidth=1.6)
    else:
        low, high = min(result.runs), min(max(result.runs), end * 1.02)
        axes.plot([low, high], [row, row], color=_INK, linewidth=0.8, alpha=0.6)
    text = f"{number(time)} ns"
    if rseq and name != "rseq":
        text += f"   {time / rseq:,.1f}×"
    start = min(max(time, min(max(result.runs), end * 1.02)), end * 1.02)
    axes.annotate(
        text, (start, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5,
        color=_RSEQ if name.startswith("rseq") else _INK,
        fontweight="bold" if name.startswith("rseq") else "normal",
    )  # fmt: skip
