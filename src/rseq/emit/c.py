"""A sequence as a C header: a static inline function for each architecture asked for, for GCC and Clang, C11 and C++.

The header stands alone: it needs libc's `__rseq_offset` (glibc 2.35 and later) and no library. What
differs from code that we load ourselves:

- the descriptor lies in `__rseq_cs`, in the section group of its function (flag `?`), where the
  linker may relocate it; so a position-independent executable has no text relocations, and two
  units that include the header may be linked;
- a thread that is not registered, or on a CPU without a lane, gets RSEQ_NO_LANE, and the caller
  does what it does without rseq, apart from the lanes;
- restarts are counted on the abort path, and after RSEQ_RESTART_LIMIT of them in one call (a
  debugger that single-steps) it gives up with RSEQ_NO_LANE, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..arch import Architecture
from ..arch.base import ABORTED, INDEX, LEFT, TOKEN, Assembly
from ..language import ir
from ..language.compiled import Compiled
from ..language.section import section
from ..language.types import Array, Buffer, Index, Pointer, RecordType, Word

__all__ = ["header"]

RESTART_LIMIT = 1024

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

_PROLOGUE = f"""\
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef RSEQ_LANES_DEFINED
#define RSEQ_LANES_DEFINED
/* Per-CPU memory: lane i, of the CPU with that number, begins at base + i * stride. */
struct rseq_lanes {{
    void *base;
    size_t stride;  /* bytes */
    uint32_t count;
}};
enum {{
    RSEQ_DONE = 0,     /* it happened, once, as a whole */
    RSEQ_NO_LANE = -1, /* this thread is not registered, or its CPU has no lane: nothing happened */
    RSEQ_INDEX = -2    /* an index was out of range: nothing was committed */
}};
#define RSEQ_RESTART_LIMIT {RESTART_LIMIT}
#ifdef __cplusplus
extern "C" const ptrdiff_t __rseq_offset; /* glibc 2.35: the rseq area's offset from the thread pointer */
#else
extern const ptrdiff_t __rseq_offset;
#endif
#endif
"""


def header(code: Compiled, architectures: Sequence[Architecture]) -> str:
    """The C header of a sequence, with one implementation for each of `architectures`.

    Raises: TypeError - `code` is a routine. ValueError - no architecture, or the sequence needs too many registers.
    """
    if code.kind != "sequence":
        raise TypeError(f"{code.__name__} is a routine; a header holds one sequence, and C has loops of its own")
    if not architectures:
        raise ValueError("expected at least one architecture to write a header for")
    body = code.body
    guard = f"RSEQ_{body.record.__name__}_{body.name}_H".upper()
    records = list(dict.fromkeys(_records(body)))
    parts = [
        f"/* {body.name}: a restartable sequence, made by `rseq emit`.\n *\n{_quoted(str(body))}\n */",
        f"#ifndef {guard}\n#define {guard}\n",
        _PROLOGUE,
        *(_struct(record) for record in records),
        _function(code, architectures),
        f"#endif /* {guard} */\n",
    ]
    return "\n".join(parts)


def _quoted(text: str) -> str:
    return "\n".join(f" *     {line}".replace("*/", "* /") for line in text.splitlines())


# ---- types


def _records(body: ir.Body) -> Iterator[RecordType]:
    """The records that the function names, those that others point to first."""
    yield body.record
    for type in (*(value.type for value in body.parameters), body.result):
        if isinstance(type, Pointer) and isinstance(type.target, RecordType):
            yield type.target
    yield from (rows.target for rows in body.rows)
    for op in body.ops:
        address = getattr(op, "address", None)
        if address is not None and isinstance(address.type, Pointer) and isinstance(address.type.target, RecordType):
            yield address.type.target


def _struct(record: RecordType) -> str:
    name = record.__name__
    fields = "\n".join(f"    {_declared(field.type, field.name)};" for field in record.fields.values())
    checks = "\n".join(
        f"RSEQ_LAYOUT(offsetof(struct {name}, {field.name}) == {field.offset}, {name}_{field.name});"
        for field in record.fields.values()
    )
    return f"""\
#ifndef RSEQ_RECORD_{name}
#define RSEQ_RECORD_{name}
struct {name} {{
{fields}
}};
#ifdef __cplusplus
#define RSEQ_LAYOUT(condition, what) static_assert(condition, "layout of " #what)
#else
#define RSEQ_LAYOUT(condition, what) _Static_assert(condition, "layout of " #what)
#endif
{checks}
RSEQ_LAYOUT(sizeof(struct {name}) == {record.size}, {name});
#undef RSEQ_LAYOUT
#endif
"""


def _declared(type: Word | Array, name: str) -> str:
    if isinstance(type, Array):
        return f"{_c_type(type.element)} {name}[{type.length}]"
    return f"{_c_type(type)} {name}"


def _c_type(type: Word) -> str:
    if isinstance(type, Buffer):
        return "uint8_t *" if type.writable else "const uint8_t *"
    if isinstance(type, Index):
        return "uint32_t"
    if isinstance(type, Pointer):
        target = type.target
        return f"struct {target.__name__} *" if isinstance(target, RecordType) else f"{_TYPES[target.name]} *"
    return _TYPES[type.name]


# ---- the function


def _function(code: Compiled, architectures: Sequence[Architecture]) -> str:
    body = code.body
    parameters = ["const struct rseq_lanes *lanes"]
    written = body.parameters[: len(body.parameters) - 2 * len(body.rows)]
    parameters += [_declared(value.type, _name(value)) for value in written]
    parameters += [_array_of(rows) for rows in body.rows]
    if body.result is not None:
        parameters.append(f"{_declared(body.result, '*result')} /* set if it returns RSEQ_DONE */")
    cases = [_case(index, code, architecture) for index, architecture in enumerate(architectures)]
    return f"""\
static inline int {body.record.__name__}_{body.name}({", ".join(parameters)})
{{
{_checks(body.checks)}{"".join(cases)}#else
#error "this header was made for other architectures; make it again with --arch"
#endif
}}
"""


def _array_of(rows: ir.Rows) -> str:
    """The parameters for an array whose rows are found by their number."""
    name = rows.target.__name__
    what = "an index counts its rows from 1; 0 is none"
    return f"struct {name} *{_name(rows.first)} /* {what} */, uint64_t {_name(rows.length)}"


def _name(value: ir.Value) -> str:
    """A parameter's name in C, apart from ours."""
    if ir.is_length(value):
        return f"{value.name[4:-1]}_length"
    if "." in value.name:  # an array of rows
        return value.name.replace("'", "_").replace(".", "_")
    return f"{value.name}_" if value.name in ("lanes", "result", "status", "tries") else value.name


def _checks(checks: Iterable[ir.Check]) -> str:
    return "".join(
        f"    if ((uint64_t)(int64_t){_name(check.index)} >= {check.length}u)\n        return RSEQ_INDEX;\n"
        for check in checks
    )


def _case(index: int, code: Compiled, architecture: Architecture) -> str:
    assembly = architecture.assemble(section(code.body))
    outputs = ", ".join(_output(assembly, slot.number) for slot in assembly.outputs)
    inputs = ", ".join(_inputs(assembly, code.body))
    lines = "\n".join(f'            "{_escaped(line.text)}\\n"' for line in assembly.lines('__rseq_cs, "aw?"'))
    temporaries = "".join(
        f"    {'double' if slot.kind == 'float' else 'uint64_t'} temporary{slot.number};\n"
        for slot in assembly.outputs
        if slot.role == "temporary"
    )
    result = code.body.result
    held = "" if result is None else f"    {_held_type(result)} held;\n"
    given = "" if result is None else f"    *result = {_cast_back(result)}held;\n"
    return f"""\
#{"if" if index == 0 else "elif"} {architecture.c_condition}
    uint64_t status;
{held}{temporaries}    unsigned int tries = 0;
    do {{
        __asm__ __volatile__ (
{lines}
            : {outputs}
            : {inputs}
            : {", ".join(f'"{name}"' for name in ("memory", "cc"))});
    }} while (__builtin_expect(status == (uint64_t)({ABORTED}) && ++tries < RSEQ_RESTART_LIMIT, 0));
    if (__builtin_expect(status >= (uint64_t)({LEFT}), 0))
        return status <= (uint64_t)({INDEX}) ? RSEQ_INDEX : RSEQ_NO_LANE;
{given}    return RSEQ_DONE;
"""


def _output(assembly: Assembly, number: int) -> str:
    slot = assembly.slots[number]
    names = {"status": "status", "result": "held"}
    constraint = assembly.architecture.c_registers.get(slot.fixed) or assembly.architecture.constraints[slot.kind]
    return f'"=&{constraint}" ({names.get(slot.role, f"temporary{number}")})'


def _inputs(assembly: Assembly, body: ir.Body) -> Iterator[str]:
    names = assembly.architecture.constraints
    area = "(uintptr_t)__rseq_offset"
    if not assembly.architecture.area_is_offset:
        area = "(uintptr_t)__builtin_thread_pointer() + (uintptr_t)__rseq_offset"
    yield f'"{names["int"]}" ({area})'
    yield f'"{names["int"]}" (lanes->base)'
    yield f'"{names["int"]}" (lanes->stride)'
    yield f'"{names["int"]}" ((uint64_t)lanes->count)'
    for value in body.parameters:
        kind: str = names["float" if value.type.is_float else "int"]
        cast = "" if value.type.is_float or _c_type(value.type).endswith("*") else "(int64_t)"
        yield f'"{kind}" ({cast}{_name(value)})'


def _held_type(result: Word) -> str:
    return _TYPES[result.name] if result.is_float else "uint64_t"


def _cast_back(result: Word) -> str:
    if isinstance(result, Pointer) and not isinstance(result, Index):
        return f"({_c_type(result)})(uintptr_t)"
    return f"({_c_type(result)})"


def _escaped(text: str) -> str:
    """Assembly in a C string in extended asm: percent signs double, operands by number."""
    literal = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return TOKEN.sub(_operand, literal)


def _operand(match: re.Match[str]) -> str:
    return f"%{match[2] or ''}{match[1]}"
