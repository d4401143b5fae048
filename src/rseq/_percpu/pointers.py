"""Which records have pointers that sequences follow."""

from __future__ import annotations

from rseq._language.types import Array, Index, Pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rseq._language.types import Record


def is_followed(record: type[Record]) -> bool:
    """Whether sequences follow what stands in some field of `record`."""
    return any(holds_pointers(field.type) for field in record.fields.values())


def holds_pointers(kind: object) -> bool:
    """Whether sequences follow what a field of this type holds."""
    one = kind.element if isinstance(kind, Array) else kind
    return isinstance(one, Pointer) and not isinstance(one, Index)  # an index is looked at before it is followed


def require_no_pointers(record: type[Record]) -> None:
    """Raises: TypeError - `record` has pointers, and is to be shared between processes."""
    pointers = [name for name, field in record.fields.items() if holds_pointers(field.type)]
    if pointers:
        raise TypeError(
            f"record {record.__name__} has pointers ({', '.join(pointers)}), which mean nothing in another process: a "
            "shared segment cannot hold it. Keep numbers of rows, index[T], instead of addresses"
        )
