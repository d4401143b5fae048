"""From a structure to its entry in a segment's directory, and back.

An entry says of which class the structure is, as `rseq` calls it, and with which arguments it was made: as canonical
JSON, so that two that are made alike are equal texts. `layout` is a digest of how its record lies in memory: programs
whose versions of a structure differ do not share it.
"""

from __future__ import annotations

import sys
from _json import encode_basestring_ascii, make_encoder
from zlib import crc32

from rseq._percpu.memory import Memory
from rseq._percpu.shared.directory import MAX_NAME_BYTES
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

    from rseq._percpu.segment import Place
    from rseq._percpu.shared.directory import Entry
    from rseq._percpu.shared.segment import Segment

KINDS = (
    "Collector",
    "Counter",
    "FloatCounter",
    "CounterArray",
    "Histogram",
    "KeyedCounter",
    "Max",
    "Min",
    "Pool",
    "RCU",
    "RingBuffer",
    "SpinLock",
    "Stack",
    "TokenBucket",
    "array",
    "percpu",
)
"""What may be in a segment: names in `rseq`."""


def in_segment(
    segment: Segment,
    name: str | None,
    kind: str,
    args: Mapping[str, Any],
    layout: object,
    wanted: Sequence[Wanted],
    begin: Callable[[list[Place]], object],
    *,
    writable: bool = True,
) -> tuple[str, list[Memory]]:
    """The memory of a structure in a segment, and its name there: that of others who asked for it before, or new.

    `args` are what it is made with, numbers and texts by name. `layout` says how its memory is laid out; `begin` writes
    what that begins with.
    Raises: SegmentError - the name is that of another structure. ValueError, TypeError - no such name. MemoryError.
    """
    core = core_of(segment)
    spec = as_json({"args": args, "layout": digest_of(layout)})
    found, blocks = core.structure(kind, name, spec, wanted, begin)
    memories = []
    for block in blocks:
        place, owner = core.place(block)
        memories.append(Memory(place, block.nbytes, owner, writable=writable))
    return found, memories


def as_json(value: object) -> str:
    """What `json.dumps` makes of texts, numbers, None, and lists and dicts of them: importing that takes longer.

    Raises: TypeError - it is none of these, or no finite number.
    """
    try:
        return "".join(_encoded(value, 0))
    except ValueError:
        return _refused(value)


def _refused(value: object) -> NoReturn:
    raise TypeError(f"expected texts, numbers, lists and dicts of them; got {value!r}")


_encoded = make_encoder(None, _refused, encode_basestring_ascii, None, ":", ",", False, False, False)
"""As `json.dumps` calls it; it looks for no circles, sorts nothing, skips no keys and takes no NaN."""


def digest_of(layout: object) -> int:
    """What an entry says of a layout."""
    return crc32(repr(layout).encode())


def own_name(segment: object, name: object) -> str | None:
    """The name that `name=` means. Raises: TypeError, ValueError - it is none, or there is no segment to find it in."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, such as 'hits'; got {name!r}")
    if segment is None:
        raise ValueError(f"name: {name!r} is found in a segment; say in which, as in segment='shop'")
    if not name or not name.isprintable() or len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(
            f"name: expected printable letters, at most {MAX_NAME_BYTES} bytes, such as 'hits'; got {name!r}"
        )
    return name


def reopened(segment: Segment, entry: Entry, cls: type[Any] | None = None) -> Any:
    """The structure of an entry; `cls` is a subclass to make it of.

    Raises: SegmentError - this program knows no such structure, or the entry is damaged. TypeError - it is a record of
    the user's.
    """
    if entry.kind not in KINDS:
        raise SegmentError(f"{segment!r} has a {entry.kind!r} named {entry.name!r}, which this version does not know")
    if entry.kind in ("array", "percpu"):
        raise TypeError(
            f"{entry.name!r} holds a record of your own: rseq.{entry.kind}(Record, …, segment=…, name={entry.name!r})"
        )
    kind: Any = getattr(sys.modules["rseq"], entry.kind)
    if cls is not None and not issubclass(cls, kind):
        raise SegmentError(f"{entry.name!r} in {segment!r} is a {entry.kind}, and no {cls.__name__}")
    try:
        return kind._reopened(cls or kind, args_of(entry), segment, entry.name)
    except SegmentError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise SegmentError(f"{segment!r} is damaged: {entry.kind} named {entry.name!r}: {error}") from error


def args_of(entry: Entry) -> dict[str, Any]:
    """What a structure was made with. Raises: SegmentError - damaged."""
    import json

    try:
        found = json.loads(entry.spec)["args"]
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SegmentError(f"the entry of {entry.name!r} is damaged: {entry.spec[:80]!r}")
    return found


def pickled(thing: Any, segment: Segment, name: str) -> tuple[Any, ...]:
    """What `__reduce__` of a structure in a segment returns."""
    return _unpickled, (type(thing), segment, name), state_of(thing)


def state_of(thing: Any) -> object:
    """What is pickled of the attributes of an object: what a class of the user's has beside those of ours."""
    state: object = thing.__getstate__()
    usual: object = object.__getstate__
    if type(thing).__getstate__ is not usual or not isinstance(state, tuple):
        return state
    attributes, slots = state
    ours = {name for cls in type(thing).__mro__ if cls.__module__.startswith("rseq.") for name in _slots(cls)}
    return attributes, {name: value for name, value in slots.items() if name not in ours}


def _slots(cls: type[Any]) -> tuple[str, ...]:
    names = vars(cls).get("__slots__", ())
    return (names,) if isinstance(names, str) else tuple(names)


def _unpickled(cls: type[Any], segment: Segment, name: str) -> Any:
    entry = core_of(segment).directory.find(name)
    if entry is None:
        raise SegmentError(f"{segment!r} has no structure named {name!r}, which was pickled")
    return reopened(segment, entry, cls)
