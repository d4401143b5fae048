"""Segments: per-CPU memory that processes share, by name or without one."""

from __future__ import annotations

import os
import sys

from rseq._integers import round_up
from rseq._once import load
from rseq._percpu.allocator import MAX_ITEM_BYTES, STRIDE_BYTES
from rseq._percpu.checks import boolean, integer
from rseq._percpu.segment import PAGE_BYTES
from rseq._sealed import Sealed
from rseq._thread.support import UnsupportedError, is_supported, require_support

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    from rseq._percpu.segment import Place
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.files import Place as FilePlace
    from rseq._percpu.shared.processes import Process


class Segment:
    """Per-CPU memory that processes share, with the structures in it.

        shop = rseq.Segment("shop")                       # in any program of this user
        hits = rseq.Counter(name="hits", segment=shop)    # in ten programs it is one counter
        hits.add()

    With a `name`, a segment is found or made, by any process of the user, in any order. It is a file in /dev/shm, or in
    the folder RSEQ_SEGMENT_DIR. It belongs to those who use it: as long as a process has it open, the next one finds
    it. Whoever opens one that nobody has open begins a new one, with `keep=True` it goes on with the old one. A
    program that crashes leaves the file, so that it can be read: `rseq show shop`. `group`: a group of users, by name
    or number, that may use it, too; then the name means another segment.

    Without a name, forked children have it, and `multiprocessing` hands it to those that it starts anew.

    A structure in a segment with a name has a `name=` as well, by which others find it. One without a name can be
    inherited and pickled. Nothing is lost, even if a process is killed while it counts.

    `size` is how many bytes of each lane are set aside at once (256 KiB); pages take memory when they are first used,
    and a full segment grows. Memory in it is never used again, not even when a structure's last handle is gone: another
    process may still use it. So make structures once, not for each request. It is freed with the last handle of
    the segment and of what is in it, in the last process; that of a segment with a name, when a new one is begun or
    `rseq rm` removes it.
    Raises: TypeError, ValueError - no such name, size or group. SegmentError, a ValueError - the file of that name is
    damaged, somebody else's, or of another version. MemoryError - no address space or memory. UnsupportedError - no
    code can be made for this machine.
    Threads: any thread of any process that has it; signal handlers too.
    """

    __slots__ = ("__weakref__", "_opened", "_place")

    def __init__(
        self,
        name: str | None = None,
        *,
        size: int = STRIDE_BYTES,
        keep: bool = False,
        group: str | int | None = None,
    ) -> None:
        nbytes = integer("size", size)
        if not 1 <= nbytes <= MAX_ITEM_BYTES:
            raise ValueError(f"size: expected 1 … {MAX_ITEM_BYTES} bytes, got {nbytes}")
        if name is None and (boolean("keep", keep) or group is not None):
            raise ValueError("keep and group are for segments with a name")
        _require_machine()
        from rseq._percpu.shared import core, files

        stride = round_up(nbytes, PAGE_BYTES)
        if name is None:
            _warn_if_made_again()
            self._fill(core.nameless(stride), None)
        else:
            place = files.place_of(name, group)
            self._fill(core.named(place, stride, keep=boolean("keep", keep)), place)

    def _fill(self, opened: Core, place: FilePlace | None) -> Segment:
        if not _core.put(self, opened):
            raise TypeError("this Segment has been set up; __init__ is called once")
        self._place = place
        return self

    @property
    def name(self) -> str | None:
        """What others find it by; None if it has no name."""
        return None if self._place is None else self._place.name

    @property
    def size(self) -> int:
        """Bytes of each lane that are set aside at once."""
        return core_of(self).header.stride

    @property
    def lanes(self) -> int:
        """How many lanes belong to CPUs. It is how many CPUs were possible where the segment was made."""
        return core_of(self).header.lanes

    def processes(self) -> list[Process]:
        """Those that have it open, this one included: `pid` and `program`.

        The pid of a process in another pid namespace is its number there.
        """
        return core_of(self).processes()

    # ---- the structures in it, by name

    def __iter__(self) -> Iterator[str]:
        """The names of the structures, in the order in which they were made."""
        return (entry.name for entry in core_of(self).directory)

    def __len__(self) -> int:
        """How many structures there are."""
        return len(core_of(self).directory)

    def __bool__(self) -> bool:
        """True: a segment is a thing, empty or not."""
        return True

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and core_of(self).directory.find(name) is not None

    def __getitem__(self, name: str) -> Any:
        """The structure of that name, whatever it is. Raises: KeyError - there is none. SegmentError - damaged."""
        given: object = name
        entry = core_of(self).directory.find(given) if isinstance(given, str) else None
        if entry is None:
            raise KeyError(f"{self!r} has no structure named {name!r}")
        load("rseq._percpu.shared.kinds")  # which stands above this
        return sys.modules["rseq._percpu.shared.kinds"].reopened(self, entry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segment) and core_of(self).header.identity == core_of(other).header.identity

    def __hash__(self) -> int:
        return hash(core_of(self).header.identity)

    def __repr__(self) -> str:
        return f"rseq.Segment(size={self.size})" if self.name is None else f"rseq.Segment({self.name!r})"

    # ---- handing it on

    def __reduce__(self) -> tuple[Any, ...]:
        if self._place is not None:
            name, path, group = self._place
            return _attach, (name, group, core_of(self).header.identity, os.path.abspath(os.path.dirname(path)))
        reduction: Any = sys.modules.get("multiprocessing.reduction")
        if reduction is None:
            raise TypeError(
                "a segment without a name can be handed only to processes that multiprocessing or concurrent.futures "
                "starts (spawn, forkserver), and to forked ones, which have it already. Give it a name: "
                "rseq.Segment('shop') is found by any program"
            )
        return _receive, (reduction.DupFd(int(core_of(self).fd)),)

    def __copy__(self) -> Segment:
        return self

    def __deepcopy__(self, _: object) -> Segment:
        return self


def _attach(name: str, group: int | None, identity: bytes, folder: str) -> Segment:
    """The very segment that was pickled, by its name, in the folder where it was: this process may use another one."""
    from rseq._percpu.shared import core, files
    from rseq._percpu.shared.layout import SegmentError

    place = files.place_of(name, group, folder)
    try:
        opened = core.attached(place)
    except FileNotFoundError:
        raise SegmentError(
            f"the segment {name!r} that was pickled is gone; a process must have it open meanwhile"
        ) from None
    if opened.header.identity != identity:
        raise SegmentError(
            f"the segment {name!r} that was pickled is gone, and there is a new one of that name; a process must have "
            "it open meanwhile"
        )
    return Segment.__new__(Segment)._fill(opened, place)


def _receive(handed: Any) -> Segment:
    """A nameless segment that multiprocessing has handed to this process."""
    from rseq._percpu.shared import core

    return Segment.__new__(Segment)._fill(core.handed_on(handed.detach()), None)


def view(name: str, group: str | int | None = None) -> Segment:
    """The segment of that name as it is, for whoever only looks: a service that starts anew does not find it in use.

    Raises: FileNotFoundError - there is none. SegmentError, MemoryError - as `Segment`.
    """
    _require_machine()
    from rseq._percpu.shared import core, files

    place = files.place_of(name, group)
    return Segment.__new__(Segment)._fill(core.attached(place, uses=False), place)


def lend(segment: Segment, nbytes: int, alignment: int) -> tuple[Place, object]:
    """Zeroed memory of `nbytes` (≥ 1) in each lane, at a multiple of `alignment`, that nobody gets again.

    It lives as long as the object that comes with it. Raises: MemoryError - there is no address space or memory.
    """
    return core_of(segment).lend(nbytes, alignment)


_core: Sealed[Core] = Sealed(Segment, "_opened")


def core_of(segment: Segment) -> Core:
    """A segment's core, whatever its class says. Raises: TypeError - it was made without calling `__init__`."""
    try:
        return _core.of(segment)
    except AttributeError:
        raise TypeError("this Segment was made without calling __init__") from None


def segment_of(thing: object) -> Segment | None:
    """The segment that `segment=` means: one, or its name. Raises: TypeError - neither; and as `Segment`."""
    if thing is None:
        return None
    if isinstance(thing, str):
        return Segment(thing)
    require_segment(thing)
    segment: Any = thing
    return segment  # type: ignore[no-any-return]


def require_segment(thing: object) -> None:
    """Raises: TypeError - it is no segment."""
    if not issubclass(type(thing), Segment):  # no isinstance: an object can lie about its class
        raise TypeError(f"segment: expected an rseq.Segment, its name, or None; got {thing!r}")


def _require_machine() -> None:
    if not is_supported():
        require_support()
    if sys.maxsize < 1 << 62:
        raise UnsupportedError("segments are for 64-bit processes, and this one has 32 bits; run a 64-bit Python")


_BEGAN_IN = os.getpid()


def _warn_if_made_again() -> None:
    """In a child that was started anew modules run once more, and what they make is not what the parent has."""
    processes: Any = sys.modules.get("multiprocessing.process")
    if processes is None or os.getpid() != _BEGAN_IN:  # a forked child has what its parent has
        return
    is_child = processes.parent_process() is not None
    is_starting = getattr(processes.current_process(), "_inheriting", False)  # it has no parent yet, and imports
    if not (is_child or is_starting) or not _is_importing():
        return
    import warnings

    warnings.warn(
        "this nameless segment is made anew in a process that multiprocessing has started: nothing in it is shared "
        "with the parent. Give it a name, or pass the structures to the process as arguments",
        RuntimeWarning,
        stacklevel=3,
    )


def _is_importing() -> bool:
    """Whether a module that is being imported is what calls, or a function that it calls."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") != "__main__"
