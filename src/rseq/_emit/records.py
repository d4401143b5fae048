"""Records as C structs, with assertions that the C compiler lays them out as we do."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from rseq._emit.names import snake, unique
from rseq._language.types import Array, Buffer, Field, Index, Part, Pointer, RecordType, Word

_TYPES = {
    "i8": "int8_t",
    "i16": "int16_t",
    "i32": "int32_t",
    "i64": "int64_t",
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "f32": "float",
    "f64": "double",
    "bool": "bool",
}


class Records:
    """The records that a header names, by their C names, which begin with `prefix`."""

    def __init__(self, prefix: str, pointer_bytes: int = 8) -> None:
        """`pointer_bytes` are the fewest that C's pointers have: with less than 8, those in records get room."""
        self._prefix = prefix
        self.pointer_bytes = pointer_bytes
        self._names: dict[RecordType, str] = {}
        self._taken: set[str] = set()

    def of(self, record: RecordType) -> str:
        """The C type of `record`; it is defined in the header from now on, and so are those that it points to."""
        if record not in self._names:
            self._names[record] = unique(f"{self._prefix}_{snake(record.__name__)}", self._taken)
            for part in record.parts.values():
                if isinstance(part, Part):
                    self.of(part.type)
                else:
                    c_type(part.element, self)
        return f"struct {self._names[record]}"

    def text(self) -> str:
        """All definitions. Each may stand in several headers of one unit: the first defines it, the others compare."""
        ordered = dict.fromkeys(one for record in self._names for one in _inside_first(record))
        names = [(record, self._names[record]) for record in ordered]
        return "\n".join(f"struct {name};\n{_definition(name, record, self)}" for record, name in names)


def _inside_first(record: RecordType) -> Iterator[RecordType]:
    """A record, behind those that are in it: C wants to know them before."""
    for part in record.parts.values():
        if isinstance(part, Part):
            yield from _inside_first(part.type)
    yield record


def c_type(type: Word, records: Records) -> str:
    """A number, a pointer or a buffer's address as a C type."""
    if isinstance(type, Buffer):
        return "void *" if type.writable else "const void *"
    if isinstance(type, Index):
        return "uint32_t"
    if not isinstance(type, Pointer):
        return _TYPES[type.name]
    target = type.target
    return f"{records.of(target) if isinstance(target, RecordType) else _TYPES[target.name]} *"


def _definition(name: str, record: RecordType, records: Records) -> str:
    taken: set[str] = set()
    fields = {unique(part.name, taken): part for part in record.parts.values()}
    members = "\n".join(f"    {_member(field, member, records)};" for member, field in fields.items())
    layout, number = f"{name}_LAYOUT".upper(), f"{zlib.crc32(members.encode()):#010x}"
    return f"""\
#ifndef {layout}
#define {layout} {number} /* of the lines that follow */
struct {name} {{
{members}
}};
{"".join(_assertions(name, record, fields))}#elif {layout} != {number}
#error "two headers mean different records by struct {name}: make one of them with another --prefix"
#endif
"""


def _member(field: Field | Part, name: str, records: Records) -> str:
    if isinstance(field, Part):
        return f"{records.of(field.type)} {name}"
    type = c_type(field.element, records)
    length = "".join(f"[{one}]" for one in field.type.shape) if isinstance(field.type, Array) else ""
    declared = f"{type}{'' if type.endswith('*') else ' '}{name}{length}"
    if isinstance(field.type, Pointer) and records.pointer_bytes < field.type.size:
        return f"union {{ {declared}; uint64_t {name}_in_64_bits; }}"
    return declared


def _assertions(name: str, record: RecordType, fields: dict[str, Field | Part]) -> Iterator[str]:
    for member, field in fields.items():
        place = f"offsetof(struct {name}, {member}) == {field.offset}"
        yield f'RSEQ_STATIC_ASSERT({place}, "{member} is not where rseq has it");\n'
    yield f'RSEQ_STATIC_ASSERT(sizeof(struct {name}) == {record.size}, "{name} is larger or smaller in rseq");\n'
