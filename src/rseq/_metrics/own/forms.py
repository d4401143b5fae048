"""What metrics are made of: forms, whose machine code comes with the package, and the exemplars that it does not read.

`inc(amount, exemplar)` is called with one thing more than machine code takes. So the builtin asks Python what that
means (_builtins/unusual.py), which puts the exemplar where it belongs, and hands the amount back. A call without an
exemplar pays nothing for that.
"""

from __future__ import annotations

from rseq._builtins.form import Form, Part
from rseq._metrics.series import value_form
from rseq._quick import cache, partial
from rseq._structures.structure import notes_behind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from rseq._language.compiled import Compiled
    from rseq._structures.forms import Shipped

EXEMPLAR = "exemplar"
"""What an object notes that takes one: a function of the amount and the exemplar."""


class _Form(Form):
    """A form whose hot method takes an exemplar, too."""

    def part(self, name: str) -> Part:
        """One of its parts."""
        return _WithExemplar(self, name)


class _WithExemplar(Part):
    __slots__ = ()

    def extended(self, title: str, usual: Callable[[int], Callable[..., tuple[object, ...]]]) -> Any:
        """What converts the arguments; see `Part`."""
        return partial(_converter, title.rpartition(".")[0], usual)


def _converter(kind: str, usual: Any, words: int) -> Any:
    return partial(_converted, kind, usual(words), words)


def _converted(kind: str, usual: Any, words: int, /, *given: Any, **named: Any) -> tuple[object, ...]:
    """The amount, as machine code reads it. The exemplar is where it belongs by then, if machine code takes that."""
    exemplar = named.pop(EXEMPLAR, None)
    if len(given) == 2 and exemplar is None:
        *given, exemplar = given  # type: ignore[assignment]
    converted: tuple[object, ...] = usual(*given, **named)
    if exemplar:
        notes_behind(words, kind)[EXEMPLAR](converted[0], exemplar)
    return converted


@cache
def counting() -> Form:
    """That of counters."""
    return _Form("metric counter", partial(_parse, "counting"))


@cache
def summing() -> Form:
    """That of summaries."""
    return Form("metric summary", partial(_parse, "summing"))


@cache
def searching(steps: int) -> Form:
    """That of histograms with up to `2 ** steps - 1` finite bounds."""
    return _Form(f"metric buckets {steps}", partial(_parse, "searching", steps))


@cache
def exponential(length: int) -> Form:
    """That of histograms with up to `length - 1` exponential bounds."""
    return _Form(f"metric octaves {length}", partial(_parse, "exponential", length))


def _parse(name: str, *sizes: int) -> Mapping[str, Compiled]:
    from rseq._metrics.own import code

    found: Mapping[str, Compiled] = getattr(code, name)(*sizes)
    return found


def shipped_forms() -> Iterator[Shipped]:
    """Which of them come with the package, and those of prometheus_client's numbers."""
    from rseq._structures.forms import Shipped

    for form in (counting(), value_form()):
        yield Shipped(form, (("inc", 0),), ("cpu_id",))
    octaves = (exponential(1 << bits) for bits in range(1, 13))
    for form in (summing(), *map(searching, range(1, 9)), *octaves):
        yield Shipped(form, (("observe", 0),), ("cpu_id",))
