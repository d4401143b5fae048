"""Names for machine code that are the same in every process: Numba's cache must not outlive what a sequence means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from rseq._language import ir
from rseq._language.compiled import Compiled

code_of: dict[str, Compiled] = {}
"""The sequence or routine of each digest."""

_GENERATOR = ("_arch", "_codegen", "_language", "_numba")
"""The folders of what makes machine code; what they share lies beside them."""


@cache
def digest(code: Compiled) -> str:
    """A name for a sequence's machine code."""
    body, record = code.body, code.body.record
    text = [_generator(), code.kind, repr((record.size, record.fields, body.parameters, body.results))]
    text += [repr((body.release, body.acquire, body.maybe, sorted(body.defaults.items())))]
    text += [_meaning(op) for op in (*body.checks, *body.ops)]
    found = _short("\n".join(text))
    code_of.setdefault(found, code)
    return found


def _meaning(op: ir.Op) -> str:
    """All of an operation but where it was written."""
    parts = [getattr(op, field.name) for field in fields(op) if field.name != "span"]
    return repr((type(op).__name__, [digest(part) if isinstance(part, Compiled) else part for part in parts]))


def digest_of_all(methods: object) -> str:
    """A name for the machine code of several, by their names and digests."""
    return _short(repr(methods))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@cache
def _generator() -> str:
    """The version of the code generator: its source, or its bytecode, wherever the package lies."""
    parts = [part for part in resources.files("rseq").iterdir() if part.name in _GENERATOR or not part.is_dir()]
    texts = sorted(text for part in parts for text in _texts(part))
    return hashlib.sha256(b"".join(data for _, data in texts)).hexdigest()


def _texts(part: Traversable) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of a file of code, or of each in a folder."""
    if part.is_dir():
        for entry in part.iterdir() if part.name != "__pycache__" else ():
            yield from _texts(entry)
    elif part.name.endswith((".py", ".pyc")) and part.name.partition(".")[0] != "_texts":
        yield part.name, part.read_bytes()
