"""What of Python is not in the language is refused by the name that its user knows, with what to write instead."""

from __future__ import annotations

import ast

import pytest

import rseq
from parsing import parsed
from rseq._language.errors import CompileError
from rseq._language.parser.arithmetic import OPERATORS
from rseq._language.parser.conditions import COMPARISONS
from rseq._language.parser.parse import EXPRESSIONS
from rseq._language.parser.refused import instead_of
from rseq._language.parser.statements import STATEMENTS

REFUSED = [
    ("yield", "yield n", "`yield` is not in the language"),
    ("await", "x = (yield)", "`yield` is not in the language"),
    ("for else", "for i in range(3):\n    pass\nelse:\n    pass", "`else` of a `for` loop"),
    ("while else", "while n:\n    n -= 1\nelse:\n    pass", "`else` of a `while` loop"),
    ("recursion", "f(cpu, n)", "f() calls itself"),
    ("max of a list", "x = max(n)", "max() takes two numbers or more; got 1; name each one, as in min(n, 7)"),
    ("key", "x = max(n, 1, key=abs)", "calls take plain positional arguments"),
    ("abs of two", "x = abs(n, 1)", "abs() takes one argument; got 2"),
    ("abs of a pointer", "x = abs(p)", "abs() takes numbers; got ptr[Node]; use a number"),
    ("min of a float", "x = min(n, 0.5)", "expected i64, got 0.5; write i64(0.5)"),
    ("len of a number", "x = len(n)", "len(n): len() is that of an array of a record, or of a buffer"),
    (
        "case of a sequence",
        "match n:\n    case [1, 2]:\n        pass",
        "a case such as `[1, 2]` is not in the language",
    ),
    ("case of a class", "match n:\n    case int():\n        pass", "a case such as `int()` is not in the language"),
    ("case None", "match n:\n    case None:\n        pass", "n is i64, which is never None"),
    ("case of a text", "match n:\n    case 'a':\n        pass", "'a' is no number"),
    ("keywords", "print(n, end='')", "print() is not in the language"),
    ("f-string", "x = f'{n}'", "an f-string is not in the language"),
    ("lambda", "x = lambda: n", "a lambda is not in the language; define it outside, decorated with @rseq.inline"),
    ("comprehension", "x = [i for i in range(3)]", "a comprehension is not in the language; write a loop"),
    ("generator", "x = any(i for i in (n, 1))", "any() is not in the language; write `a or b`"),
    ("walrus", "if (x := n):\n    pass", "`:=` is not in the language; assign on a line of its own"),
    ("walrus alone", "(x := n)", "`:=` is not in the language"),
    ("try", "try:\n    pass\nfinally:\n    pass", "`try` is not in the language; look with `if` before"),
    ("with", "with n:\n    pass", "`with` is not in the language"),
    ("global", "global G", "`global` is not in the language; store to a field of the record"),
    ("power", "x = n ** 2", "`**` is not in the language; multiply: x * x"),
    ("power of a constant", "x = 2 ** n", "`**` is not in the language; multiply: x * x"),
    ("augmented", "n **= 2", "`**` is not in the language"),
    ("in", "if n in (1, 2):\n    pass", "`in` is not in the language; compare with each"),
    ("starred", "x = (*n,)", "a tuple is not in the language"),
    ("method of a local", "n.append(1)", "n is a value: it has no methods, and cannot be called"),
    ("is None", "if n is not None:\n    pass", "n is i64, which is never None; leave the comparison out"),
    ("None as a number", "n = None", "n is i64, and cannot become None"),
    ("None stored", "p.value = None", "expected i64, got None"),
    ("enumerate", "for i in enumerate(n):\n    pass", "a loop runs over range(constant); write `for i in range(8):`"),
    ("isinstance", "x = isinstance(n, int)", "isinstance() is not in the language; leave it out"),
    ("decorated", "class C: pass", "a class in here is not in the language"),
]


@pytest.mark.parametrize(("body", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_in_the_language_is_named_as_it_was_written(body: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        parsed("p: ptr[Node], n: i64", body, "None", rseq.routine)
    (diagnostic,) = caught.value.diagnostics
    assert message in f"{diagnostic.message}; {diagnostic.fix}"
    assert diagnostic.places[0][0].line > 1


def test_what_the_parser_does_not_read_is_in_the_table() -> None:
    left_out = {"Interactive", "FormattedValue", "Interpolation", "Slice"}
    left_out |= {"AsyncFor", "AsyncWith", "Await"}  # only in a coroutine, which is refused as a whole
    left_out |= {"Starred"}  # only in a call, a list, a tuple or a set, which are refused, or on the left
    for kind in (ast.stmt, ast.expr, ast.operator, ast.cmpop):
        for node in kind.__subclasses__():
            name = node.__name__
            is_read = node in {*STATEMENTS, *EXPRESSIONS, *OPERATORS, *COMPARISONS}
            if not is_read and name not in left_out and name[0].isupper():
                assert "syntax node" not in instead_of(node.__new__(node))[0], name
