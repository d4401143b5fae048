"""What of Python is not in the language: how its user calls it, and what to write instead. One table for all.

What is missing here and has no method in the parser either is refused by the name of its syntax node.
"""

from __future__ import annotations

import ast
import time

_COMPREHENSION = "write a loop: `for i in range(constant):`"
_NO_STRINGS = "there are no strings: return a number, and say it in Python"
_IN_PYTHON = "do it in Python, around the function that is bound"
_OUTSIDE = "define it outside, decorated with @rseq.inline, and call it"
_SEVERAL = "use a local for each, or an array in the record"

INSTEAD: dict[str, tuple[str, str]] = {
    # statements
    "Assert": ("`assert`", 'leave with `if …: return`; a routine may `raise ValueError("…")`'),
    "AsyncFunctionDef": ("an async function in here", _IN_PYTHON),
    "ClassDef": ("a class in here", "define it outside"),
    "Delete": ("`del`", "leave it out: a local is a register"),
    "FunctionDef": ("a function in here", _OUTSIDE),
    "Global": ("`global`", "store to a field of the record: nothing else is changed here"),
    "Import": ("`import`", "import at the top of the module"),
    "ImportFrom": ("`import`", "import at the top of the module"),
    "Nonlocal": ("`nonlocal`", "store to a field of the record: nothing else is changed here"),
    "Try": ("`try`", "look with `if` before: a check that fails ends the whole call with its exception"),
    "TryStar": ("`try`", "look with `if` before: a check that fails ends the whole call with its exception"),
    "TypeAlias": ("`type`", "define it outside"),
    "With": ("`with`", _IN_PYTHON),
    # expressions
    "Dict": ("a dict", _SEVERAL),
    "DictComp": ("a comprehension", _COMPREHENSION),
    "GeneratorExp": ("a generator expression", _COMPREHENSION),
    "JoinedStr": ("an f-string", _NO_STRINGS),
    "Lambda": ("a lambda", _OUTSIDE),
    "List": ("a list", _SEVERAL),
    "ListComp": ("a comprehension", _COMPREHENSION),
    "NamedExpr": ("`:=`", "assign on a line of its own"),
    "Set": ("a set", _SEVERAL),
    "SetComp": ("a comprehension", _COMPREHENSION),
    "Slice": ("a slice", "use one element, as in a[i]; rseq.copy() copies several"),
    "TemplateStr": ("a t-string", _NO_STRINGS),
    "Tuple": ("a tuple", _SEVERAL),
    "Yield": ("`yield`", "return once, and loop in the caller"),
    "YieldFrom": ("`yield from`", "return once, and loop in the caller"),
    # operators
    "In": ("`in`", "compare with each: n == 1 or n == 2"),
    "MatMult": ("`@`", "write the products and sums, one by one"),
    "NotIn": ("`not in`", "compare with each: n != 1 and n != 2"),
    "Pow": ("`**`", "multiply: x * x, or for a power of two shift: 1 << n"),
}

CALLS = {
    "all": "write `a and b`",
    "any": "write `a or b`",
    "divmod": "write // and %",
    "float": "write f64(…)",
    "int": "write i64(…)",
    "isinstance": "leave it out: types are known before",
    "pow": "multiply: x * x, or for a power of two shift: 1 << n",
    "print": "return what is to be seen, and print it in Python",
    "round": "convert: i64(x) cuts towards zero",
    "sum": "add in a loop: `for i in range(constant):`",
}
"""What to write instead of a call of these built-in functions."""

CLOCKS = (time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter, time.perf_counter_ns)
"""Functions of Python that tell the time, for which there is an operation."""


def instead_of(node: ast.AST) -> tuple[str, str]:
    """What `node` is called, and what to write instead of it."""
    name = type(node).__name__
    return INSTEAD.get(name, (f"{name} (a syntax node)", "see what the page lists"))
