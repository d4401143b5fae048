"""Which segment a command means, and the sentence that says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rseq._percpu.shared import files
from rseq._percpu.shared.files import Place
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import Segment, view
from rseq._thread.support import UnsupportedError

if TYPE_CHECKING:
    from typing import Any

group_option = click.option("--group", metavar="NAME", help="The group of users that shares it, by name or number.")


class _Interval(click.FloatRange):
    """Seconds between two looks."""

    def __init__(self) -> None:
        super().__init__(min=0.01, max=86_400)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds: float = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail("nan is no number of seconds.", param, ctx)
        return seconds


INTERVAL = _Interval()


def places_named(name: str, group: str | None) -> list[Place]:
    """Where segments of that name are, the user's own first. Raises: ClickException - no such name, group or folder."""
    try:
        files.place_of(name)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    return [place for place in all_places(group) if place.name == name]


def _given(group: str | None) -> str | int | None:
    return int(group) if group is not None and group.isdecimal() else group


def chosen(name: str | None, group: str | None = None) -> Place:
    """The segment of that name, or the only one, or the only one that a process has open.

    Raises: ClickException - there is none, or there are several.
    """
    if name is None:
        return _only()
    found = places_named(name, group)
    if not found:
        raise click.ClickException(f"there is no segment {name!r}; {there_are()}")
    return found[0]


def _only() -> Place:
    known = all_places()
    wanted = known if len(known) == 1 else [place for place in known if _is_in_use(place)]
    if len(wanted) != 1:
        raise click.ClickException("which segment? " + there_are() if known else there_are())
    return wanted[0]


def _is_in_use(place: Place) -> bool:
    try:
        return bool(opened(place).processes())
    except click.ClickException:
        return False


def all_places(group: str | None = None) -> list[Place]:
    """Those of the user, and of its groups, or of one group.

    Raises: ClickException - their folder is not there, or not safe; there is no such group.
    """
    try:
        return list(files.known_places(_given(group)))
    except (SegmentError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def there_are() -> str:
    """A part of a sentence: which segments there are."""
    names = [label(place, quoted=True) for place in all_places()]
    if not names:
        return f"there are no segments in {files.folder()}"
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def label(place: Place, *, quoted: bool = False) -> str:
    """What people call it; `quoted`, inside of a sentence."""
    name = repr(place.name) if quoted else place.name
    return name if place.group is None else f"{name} (group {place.group})"


def opened(place: Place) -> Segment:
    """The segment that is there, to look at. Raises: ClickException - it is gone, or cannot be used."""
    try:
        return view(place.name, place.group)
    except FileNotFoundError:
        raise click.ClickException(f"segment {place.name!r} is gone; {there_are()}") from None
    except (SegmentError, MemoryError, OSError, UnsupportedError) as error:
        raise click.ClickException(str(error)) from None
