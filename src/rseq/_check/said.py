"""What a record's own functions say of a lane: `live(lane)` what is looked at, `reachable(lane)` if it can be."""

from __future__ import annotations

from typing import Any

from rseq._language.types import RecordType
from rseq._once import load


def said_of(name: str, record: RecordType, lane: bytes, order: str) -> Any:
    """What the record's function called `name` returns for a lane, which it gets as a NumPy record.

    Raises: RuntimeError - it has raised something.
    """
    load("numpy")
    import numpy as np

    byte_order: Any = order
    try:
        return getattr(record, name)(np.frombuffer(lane, record.dtype.newbyteorder(byte_order))[0])
    except (Exception, SystemExit) as error:
        raise RuntimeError(f"{record.__name__}.{name}() raised {type(error).__name__}: {error}") from error
