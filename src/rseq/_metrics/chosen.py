"""The segment that metrics are to live in."""

from __future__ import annotations

import os

from rseq._metrics.store import SEGMENT_VARIABLE
from rseq._percpu.checks import boolean
from rseq._percpu.shared.segment import Segment, require_segment


def chosen_segment(given: Segment | str | None, *, keep: bool) -> Segment:
    """What `segment=` means: a segment, its name, or None for the name in the environment. `keep`: as `Segment` has it.

    Raises: ValueError - there is no name; `keep` with a segment. TypeError - no segment. As `Segment`.
    """
    keep = boolean("keep", keep)
    if given is None:
        given = os.environ.get(SEGMENT_VARIABLE) or None
    if given is None:
        raise ValueError(
            f"segment: expected an rseq.Segment or a name, such as 'shop', or the name in {SEGMENT_VARIABLE}; got None"
        )
    if isinstance(given, str):
        return Segment(given, keep=keep)
    require_segment(given)
    if keep:
        raise ValueError("keep: it is for a segment that is given by name; say it where this one is made")
    return given
