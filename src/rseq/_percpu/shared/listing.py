"""All segments of the user: what `rseq.segments()` tells, and `rseq ls`."""

from __future__ import annotations

import os

from rseq._percpu.shared import core, files
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.processes import Process
from rseq._percpu.shared.segment import Segment, view
from rseq._quick import NamedTuple


class SegmentInfo(NamedTuple):
    """A segment with a name, as it was found."""

    name: str
    path: str
    group: int | None
    """The number of the group that shares it, or None."""
    nbytes: int
    """What it takes of the file system."""
    made_ns: int
    """When it was made, as `time.time_ns()`."""
    lanes: int
    structures: int
    """The entries of its directory: those that metrics keep beside their own count, too."""
    processes: tuple[Process, ...]
    """Those that have it open; none: it is kept until somebody begins a new one."""
    problem: str
    """Why it cannot be used; "" if it can. Then what is above of its contents is 0."""

    def open(self) -> Segment:
        """The segment, to look at: whoever does so does not count among those that use it.

        Raises: FileNotFoundError - it is gone. SegmentError - it cannot be used.
        """
        return view(self.name, self.group)

    def remove(self) -> None:
        """Take away its name. Those that have it open go on with it, among themselves; the next one begins anew.

        Raises: FileNotFoundError - it is gone. OSError.
        """
        files.remove(files.Place(self.name, self.path, self.group))


def segments() -> list[SegmentInfo]:
    """The segments of this user, and of its groups, in the order of their names.

    Raises: SegmentError - the folder of segments is not there, or others may replace files in it.
    """
    return [info for place in files.known_places() if (info := _info(place)) is not None]


def _info(place: files.Place) -> SegmentInfo | None:
    try:
        nbytes = os.stat(place.path, follow_symlinks=False).st_blocks * 512
        opened = core.attached(place, uses=False)
        header, structures, processes = opened.header, len(opened.directory), opened.processes()
    except FileNotFoundError:
        return None
    except (SegmentError, MemoryError, OSError) as error:
        return SegmentInfo(place.name, place.path, place.group, nbytes, 0, 0, 0, (), str(error))
    found = header.made_ns, header.lanes, structures, tuple(processes)
    return SegmentInfo(place.name, place.path, place.group, nbytes, *found, "")
