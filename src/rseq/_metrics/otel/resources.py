"""The resource that all processes of a service share: what the exporter's own is, without what is about one process.

It stands in the segment, by its digest, as an open round is sent again with the resource that it was sent with.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, Resource

from rseq._metrics.blocks import made
from rseq._metrics.otel.attributes import attributes_of, labels_of
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.kinds import args_of
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from rseq._percpu.shared.segment import Segment

KIND = "Resource"
_OF_ONE_PROCESS = "process."


def of_service(given: Resource, segment: Segment) -> Resource:
    """A resource without attributes of one process. The instance, if one is named, is the segment."""
    kept = {name: value for name, value in given.attributes.items() if not name.startswith(_OF_ONE_PROCESS)}
    if SERVICE_INSTANCE_ID in kept:
        kept[SERVICE_INSTANCE_ID] = str(UUID(bytes=core_of(segment).header.identity))
    return Resource(kept, given.schema_url)


def put(resource: Resource, segment: Segment) -> int:
    """Have it stand in the segment; its digest. Raises: MemoryError - no room. SegmentError - damaged."""
    args = {"attributes": dict(sorted(labels_of(resource.attributes).items())), "schema_url": resource.schema_url}
    digest = int.from_bytes(sha256(json.dumps(args).encode()).digest()[:8], "big")
    made(segment, KIND, _name(digest), args, [Wanted(8, is_plain=True)])
    return digest


def get(digest: int, segment: Segment) -> Resource | None:
    """The resource of that digest, which some process has put there. Raises: SegmentError - damaged."""
    entry = core_of(segment).directory.find(_name(digest))
    if entry is None or entry.kind != KIND:
        return None
    args = args_of(entry)
    return Resource(attributes_of(args["attributes"]), args["schema_url"])


def _name(digest: int) -> str:
    return f"resource {digest:016x}"
