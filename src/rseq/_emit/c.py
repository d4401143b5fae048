"""Sequences as a C header: static inline functions, one implementation for each architecture, for GCC and Clang.

The header stands alone: it is C11 and C++11, needs no library, and runs with every libc. What differs from code that
we load ourselves:

- the descriptor lies in `__rseq_cs`, in the section group of its function (flag `?`), where the
  linker may relocate it; so a position-independent executable has no text relocations, and what
  becomes of a function in a group (an inline function of C++ in two units) becomes of its descriptor;
- a thread that is not registered, or on a CPU without a lane, gets RSEQ_NO_LANE, and the caller
  does what it does without rseq, apart from the lanes. So does every thread where libc registers none: glibc
  before 2.35 and musl have no `__rseq_offset`, so that it is a weak symbol here;
- restarts are counted on the abort path, and after RSEQ_RESTART_LIMIT of them in one call (a
  debugger that single-steps) it gives up with RSEQ_NO_LANE, too.

`__rseq_offset` is declared under a name of our own: glibc's <sys/rseq.h> declares it with C++ linkage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rseq._arch import Architecture
from rseq._arch.base import ABORTED, INDEX, LEFT, NONE, RESTART_LIMIT, TOKEN, Assembly, RegisterError
from rseq._arch.registers import Slot
from rseq._emit.names import guard, is_prefix, unique
from rseq._emit.records import Records, c_type
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.pointers import required_rows
from rseq._language.section import section
from rseq._language.types import Index, Pointer, Word

_VERSION = 1
_DESCRIPTORS = '__rseq_cs, "aw?"'
_LONGEST_LINE = 90
_LONGEST_STRING = 4095
"""Characters that C11 promises for a string; Clang warns of longer ones, if asked to be pedantic."""

_PROLOGUE = f"""\
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef RSEQ_EMITTED
#define RSEQ_EMITTED {_VERSION}
/* Per-CPU memory: lane i, of the CPU with that number, begins at base + i * stride. */
struct rseq_lanes {{
    void *base;
    size_t stride;  /* bytes */
    uint32_t count;
}};
enum {{
    RSEQ_DONE = 0,     /* it happened, once, as a whole */
    RSEQ_NONE = 1,     /* the sequence returned None, with whatever it commits then: *result is as it was */
    RSEQ_NO_LANE = -1, /* this thread is not registered, or its CPU has no lane: nothing happened */
    RSEQ_INDEX = -2,   /* an index was out of range: nothing was committed */
    RSEQ_NULL = -3,    /* a pointer was null that must not be: nothing happened */
    RSEQ_SAME = -4     /* two pointers were the same row that must be two: nothing happened */
}};
#define RSEQ_RESTART_LIMIT {RESTART_LIMIT}
/* libc's: the offset of the rseq area from the thread pointer. Where libc registers no threads, there is none. */
extern const ptrdiff_t rseq_area_offset __asm__("__rseq_offset") __attribute__((__weak__));
#ifdef __cplusplus
#define RSEQ_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define RSEQ_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif
#elif RSEQ_EMITTED != {_VERSION}
#error "headers of different versions of rseq: make them again with one version"
#endif
"""


def header(codes: Mapping[str, Compiled], architectures: Sequence[Architecture], prefix: str, *, name: str = "") -> str:
    """The C header of `codes`, by their names, each with an implementation for each of `architectures`.

    All that it defines begins with `prefix`; `name` is what the include guard adds to that. A routine stands for the
    sequences that it calls: C has loops of its own.
    Raises: ValueError - `prefix` is no C name, there is no architecture, no sequence, or one needs more registers than
    all of them have. An architecture that cannot hold a sequence, beside others that can, gets an #error that says why.
    """
    if not architectures:
        raise ValueError("expected at least one architecture to write a header for")
    sequences = _sequences(codes)
    if not sequences:
        raise ValueError(
            f"expected at least one sequence to write a header of; {', '.join(codes) or 'nothing'} calls none. A "
            "routine becomes the sequences that it calls, as C has loops of its own"
        )
    if not is_prefix(prefix):
        raise ValueError(f"a prefix is what C names begin with, such as shop; got {prefix!r}")
    records, taken = Records(prefix, min(one.pointer_bytes for one in architectures)), set[str]()
    functions = [
        _Function(code, unique(f"{prefix}_{code_name}", taken), records, architectures).text()
        for code, code_name in sequences.items()
    ]
    once = guard(f"{prefix}_{name}" if name else prefix)
    parts = [
        "/* Restartable sequences, made by `rseq emit`. */",
        f"#ifndef {once}\n#define {once}\n",
        _PROLOGUE,
        records.text(),
        *functions,
        f"#endif /* {once} */\n",
    ]
    return "\n".join(parts)


def _sequences(codes: Mapping[str, Compiled]) -> dict[Compiled, str]:
    """The sequences among `codes`, and those that the routines among them call, each once."""
    names = {code: name for name, code in codes.items() if code.kind == "sequence"}
    for code in codes.values():
        for called in _called(code):
            names.setdefault(called, called.__name__)
    return names


def _called(code: Compiled) -> Iterator[Compiled]:
    for callee in code.body.callees:
        yield from [callee] if callee.kind == "sequence" else _called(callee)


class _Function:
    """One sequence as a C function called `name`."""

    def __init__(self, code: Compiled, name: str, records: Records, architectures: Sequence[Architecture]) -> None:
        self.body, self.name, self.records, self.architectures = code.body, name, records, architectures
        self.assemblies, self.refused = list[Assembly](), dict[Architecture, RegisterError]()
        for architecture in architectures:
            try:
                self.assemblies.append(architecture.assemble(section(code.body)))
            except RegisterError as error:
                self.refused[architecture] = error
        if not self.assemblies:
            raise self.refused[architectures[0]]
        numbers = (slot.number for assembly in self.assemblies for slot in assembly.outputs)
        results = (name for place, (own, _) in enumerate(self._results()) for name in (own, _held(place)))
        taken = {"lanes", "status", "tries", *results, *(f"temporary{number}" for number in numbers)}
        self.parameters = {value: unique(_name(value), taken) for value in code.body.parameters}
        self.arrays = {part: text for rows in code.body.rows for part, text in self._array(rows)}
        records.of(code.body.record)
        for place in (place for op in code.body.ops for place in op.places):
            if place.base is not None:
                self._c_type(place.base.type)

    def text(self) -> str:
        cases = "".join(self._case(number, assembly) for number, assembly in enumerate(self.assemblies))
        cases += "".join(
            f'#elif {one.c_condition}\n#error "{error.diagnostics[0].message}"\n' for one, error in self.refused.items()
        )
        text = f"""\
{self._comment()}
static inline int {self.name}({self._declarations()})
{{
{self._checks()}{cases}#else
#error "{self.name} was made for {", ".join(one.name for one in self.architectures)}; make it again with --arch"
#endif
}}
"""
        return _UNRESTRICTED.format(text) if max(map(_length, self.assemblies)) > _LONGEST_STRING else text

    def _array(self, rows: ir.Rows) -> Iterator[tuple[ir.Value, str]]:
        """How the two parameters are declared that say where rows are which are found by their number."""
        yield rows.first, f"{self.records.of(rows.target)} *{{}} /* an index counts its rows from 1; 0 is none */"
        yield rows.length, "uint64_t {}"

    def _comment(self) -> str:
        lines = [f" * {line}" for line in str(self.body).replace("*/", "* /").replace("/*", "/ *").splitlines()]
        record = self.records.of(self.body.record)
        lines += [f" * skipped: {error.diagnostics[0].message}" for error in self.refused.values()]
        return "\n".join([f"/* On this CPU's {record}, in one piece:", " *", *lines, " */"])

    def _declarations(self) -> str:
        declared = list(self._each_declaration())
        one_line = ", ".join(declared)
        return one_line if len(one_line) <= _LONGEST_LINE else ",\n    ".join(["", *declared])[1:]

    def _each_declaration(self) -> Iterator[str]:
        yield "const struct rseq_lanes *lanes"
        for value, name in self.parameters.items():
            if value in self.arrays:
                yield self.arrays[value].format(name)
                continue
            default = self.body.defaults.get(value.name)
            note = "" if default is None else f" /* {ir.Const(default, value.type)}, if it is left out in Python */"
            type = "size_t" if ir.is_length(value) else self._c_type(value.type)
            yield f"{_declared(type, name)}{note}"
        for name, result in self._results():
            yield f"{_declared(self._c_type(result), f'*{name}')} /* set if it returns RSEQ_DONE */"

    def _results(self) -> Iterator[tuple[str, Word]]:
        """The parameters that results are left in: `result`, or of a tuple one for each number."""
        types = self.body.results
        for number, type in enumerate(types):
            yield (f"result{number}" if len(types) > 1 else "result"), type

    def _c_type(self, type: Word) -> str:
        return c_type(type, self.records)

    def _checks(self) -> str:
        """What is looked at before the section."""
        lines = []
        for row in required_rows(self.body):
            lines.append(f"    if ({self.parameters[row]} == NULL)\n        return RSEQ_NULL;\n")
        for one, other in self.body.apart:
            if isinstance(one.type, Pointer) and one.type == other.type:  # buffers are the caller's to keep apart
                p, q = self.parameters[one], self.parameters[other]
                lines.append(f"    if ({p} && {p} == {q})\n        return RSEQ_SAME;\n")
        for check in self.body.checks:
            index = f"(uint64_t)(int64_t){self.parameters[check.index]}"
            length = self.parameters[check.length] if isinstance(check.length, ir.Value) else f"{check.length}u"
            lines.append(f"    if ({index} {'>' if check.inclusive else '>='} {length})\n        return RSEQ_INDEX;\n")
        return "".join(lines)

    def _case(self, number: int, assembly: Assembly) -> str:
        word, single = assembly.architecture.c_word, self.body.result
        lines = "\n".join(f'            "{_escaped(line.text)}\\n"' for line in assembly.lines(_DESCRIPTORS))
        outputs = ", ".join(_output(assembly, slot) for slot in assembly.outputs)
        results = [(_held(place), name, type) for place, (name, type) in enumerate(self._results())]
        held = "".join(f"    {_held_type(type, word)} {name};\n" for name, _, type in results)
        none = "    if (held == 0)\n        return RSEQ_NONE;\n" if isinstance(single, Pointer) else ""
        given = none + "".join(f"    *{to} = {self._cast_back(type)}{name};\n" for name, to, type in results)
        return f"""\
#{"if" if number == 0 else "elif"} {assembly.architecture.c_condition}
    {word} status;
{held}{"".join(_temporaries(assembly))}    unsigned int tries = 0;
    if (__builtin_expect(&rseq_area_offset == NULL, 0))
        return RSEQ_NO_LANE;
    for (;;) {{
        __asm__ __volatile__ (
{lines}
            : {outputs}
            : {", ".join(self._inputs(assembly))}
            : {", ".join(f'"{name}"' for name in assembly.architecture.c_clobbers)});
        if (__builtin_expect(status < ({word})({LEFT}), 1))
            break;
        if (status != ({word})({ABORTED}) || ++tries == RSEQ_RESTART_LIMIT)
            return {self._left(assembly)};
    }}
{given}    return RSEQ_DONE;
"""

    def _left(self, assembly: Assembly) -> str:
        """What is returned when the section was left early."""
        word = assembly.architecture.c_word
        none = f"status == ({word})({NONE}) ? RSEQ_NONE : " if self.body.maybe else ""
        index = f"status <= ({word})({INDEX}) ? RSEQ_INDEX : " if assembly.section.faults else ""
        return f"{none}{index}RSEQ_NO_LANE"

    def _inputs(self, assembly: Assembly) -> Iterator[str]:
        letters, word = assembly.architecture.constraints, assembly.architecture.c_word
        area = "rseq_area_offset"
        if not assembly.architecture.area_is_offset:
            area = f"(uintptr_t){assembly.architecture.c_thread_pointer} + (uintptr_t){area}"
        for expression in (area, "lanes->base", "lanes->stride", f"({word})lanes->count"):
            yield f'"{letters["int"]}" ({expression})'
        for value, name in self.parameters.items():
            extended = (
                not value.type.is_float and value not in self.arrays and not self._c_type(value.type).endswith("*")
            )
            letter = letters[assembly.architecture.register_class(value.type)]
            yield f'"{letter}" ({f"({word[1:]})" if extended else ""}{name})'

    def _cast_back(self, result: Word) -> str:
        if isinstance(result, Pointer) and not isinstance(result, Index):
            return f"({self._c_type(result)})(uintptr_t)"
        return "" if result.is_float or result.name == "u64" else f"({self._c_type(result)})"


_UNRESTRICTED = """\
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
{}\
#pragma GCC diagnostic pop
"""


def _name(value: ir.Value) -> str:
    """What a parameter is called, before it is made unique: a buffer's length by the buffer, an array by its record."""
    if ir.is_length(value):
        return f"{value.name[4:-1]}_length"
    return value.name.replace("'", "_").replace(".", "_")


def _length(assembly: Assembly) -> int:
    """The characters of the block, in a string; line by line, what is escaped shortens."""
    return sum(len(_escaped(line.text)) + 1 for line in assembly.lines(_DESCRIPTORS))


def _declared(type: str, name: str) -> str:
    return f"{type}{name}" if type.endswith("*") else f"{type} {name}"


def _output(assembly: Assembly, slot: Slot) -> str:
    architecture = assembly.architecture
    letter = architecture.c_registers[slot.fixed] if slot.fixed else architecture.constraints[slot.kind]
    name = f"temporary{slot.number}" if slot.role == "temporary" else slot.role.replace("result", "held")
    return f'"=&{letter}" ({name})'


def _temporaries(assembly: Assembly) -> Iterator[str]:
    types = {"int": assembly.architecture.c_word, "single": "float", "float": "double"}
    for slot in assembly.outputs:
        if slot.role == "temporary":
            yield f"    {types[slot.kind]} temporary{slot.number};\n"


def _held(place: int) -> str:
    """What a result is in, before it is left where the caller wants it."""
    return f"held{place or ''}"


def _held_type(result: Word, word: str) -> str:
    """The type of the register that a result is in: integers are extended there."""
    if result.is_float:
        return "float" if result.size == 4 else "double"
    return word


def _escaped(text: str) -> str:
    """Assembly in a C string in extended asm: percent signs double, operands by number."""
    literal = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return TOKEN.sub(lambda match: f"%{match[2] or ''}{match[1]}", literal)
