"""The last exemplar of a number of a series, in memory that is made when there is a first one.

    | digest | length | JSON: labels, value, time |

Whoever comes last writes over it. Nobody waits: a reader who comes in between, or after a writer that was killed, sees
that the digest is another one, and finds no exemplar until the next is written. prometheus_client lets the labels of
one have 128 letters; what does not fit nevertheless is left out.
"""

from __future__ import annotations

import json
import struct
from zlib import crc32

from rseq._metrics.blocks import made
from rseq._percpu.memory import Memory
from rseq._percpu.shared.extents import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class Said(Protocol):
        """An exemplar: prometheus_client's, or what is like it."""

        @property
        def labels(self) -> Mapping[str, str]: ...
        @property
        def value(self) -> float: ...
        @property
        def timestamp(self) -> Any: ...

    from prometheus_client.samples import Exemplar

    from rseq._percpu.shared.segment import Segment

KIND = "Exemplar"
NBYTES = 1024
_HEAD = struct.Struct("<II")


class Exemplars:
    """The exemplar of the number `number` of the series of that name. Threads: any thread of any process."""

    __slots__ = ("_args", "_memory", "_segment")

    def __init__(self, segment: Segment, series: str, number: int) -> None:
        self._segment, self._args = segment, {"series": series, "number": number}
        self._memory: Memory | None = None

    def put(self, exemplar: Said) -> None:
        """Write it. Raises: MemoryError - no room for the first one."""
        text = json.dumps([exemplar.labels, exemplar.value, _seconds(exemplar.timestamp)], ensure_ascii=False).encode()
        if len(text) > NBYTES - _HEAD.size:
            return
        buffer = self._place().buffer()
        buffer[: _HEAD.size + len(text)] = _HEAD.pack(crc32(text), len(text)) + text

    def get(self) -> Exemplar | None:
        """The last one, or None."""
        return read(self._memory.buffer()) if self._memory is not None else None

    def _place(self) -> Memory:
        if self._memory is None:
            name = f"exemplar {self._args['number']} of {self._args['series']}"
            _, (self._memory,) = made(self._segment, KIND, name, self._args, [Wanted(NBYTES, is_plain=True)])
        return self._memory


def read(buffer: memoryview) -> Exemplar | None:
    """What is written there; None if it is nothing, or was written over in between."""
    from prometheus_client.samples import Exemplar

    whole = bytes(buffer)
    digest, length = _HEAD.unpack_from(whole)
    text = whole[_HEAD.size : _HEAD.size + length]
    if not length or crc32(text) != digest:
        return None
    labels, value, timestamp = json.loads(text)
    return Exemplar(labels, value, timestamp)


def _seconds(time: Any) -> float | None:
    return None if time is None else float(time)
