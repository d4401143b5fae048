"""Diagnostics: what is wrong with a sequence, where, why, and how to write it instead.

    stack.py:13:5: error[store-after-commit]: a store after the commit
      13 |     cpu.count = n + 1
         |     ^^^^^^^^^^^^^^^^^ the commit
      14 |     cpu.first = n
         |     ------------- stored after it
      why: …
      fix: … (docs/contract.md#store-after-commit)

All diagnostics of one function are raised together, as one `CompileError`.
"""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Span:
    """A piece of one source file. Lines count from 1, columns from 0; `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    call: Span | None = None
    """The call that brought this piece of an `@rseq.inline` function to where it is."""

    @property
    def text(self) -> str:
        """The source line that the span begins on, without its line break."""
        return linecache.getline(self.file, self.line).rstrip()

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}:{self.column + 1}"

    def underlined(self, mark: str, label: str, gutter: int) -> list[str]:
        """The source line, and below it `mark` under the span with its label."""
        text = self.text
        end = self.end_column if self.end_line == self.line else len(text)
        width = max(1, min(end, len(text)) - self.column)
        return [
            f"  {self.line:>{gutter}} | {text}",
            f"  {'':>{gutter}} | {' ' * self.column}{mark * width} {label}".rstrip(),
        ]


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong. The first place is where the error is reported; the others are shown with it."""

    slug: str
    message: str
    places: tuple[tuple[Span, str], ...]
    why: str = ""
    fix: str = ""
    page: str = field(default="language.md")

    def __str__(self) -> str:
        here = self.places[0][0]
        places = [*self.places, *self._calls()]
        gutter = max(len(str(span.line)) for span, _ in places)
        lines, file = [f"{here}: error[{self.slug}]: {self.message}"], here.file
        for span, label in sorted(places, key=lambda place: (place[0].file != here.file, *_order(place[0]))):
            if span.file != file:
                file = span.file
                lines.append(f"  in {os.path.basename(file)}:")
            lines += span.underlined("^" if span == here else "-", label, gutter)
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix} (docs/{self.page}#{self.slug})")
        return "\n".join(lines)

    def _calls(self) -> list[tuple[Span, str]]:
        """Where the inline functions are called that the places are in."""
        calls: dict[Span, str] = {}
        for span, _ in self.places:
            call = span.call
            while call is not None:
                calls.setdefault(call, "called here")
                call = call.call
        return list(calls.items())

    @property
    def key(self) -> tuple[object, ...]:
        """What is wrong and where, whoever called it, in whichever turn of a loop: what is reported once."""
        slug, numbered, spans = self.key_of_call
        return slug, numbered, tuple(replace(span, call=None) for span in spans)

    @property
    def key_of_call(self) -> tuple[str, str, tuple[Span, ...]]:
        """What is wrong, where, and in which call of an inline function, in whichever turn of a loop."""
        numbered = re.sub(r"-?\b\d+\b", "…", self.message)  # a constant that each turn has another of
        return self.slug, numbered, tuple(span for span, _ in self.places)


def _order(span: Span) -> tuple[str, int, int]:
    return span.file, span.line, span.column


class Refused(Exception):
    """What the language does not accept. Without a diagnostic: a consequence of one that has been reported."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__()
        self.diagnostics = diagnostics


class CompileError(SyntaxError):
    """A function that is no sequence or routine: `diagnostics` says everything that is wrong with it.

    As a SyntaxError it carries file, line and source line of the first diagnostic.
    """

    __module__ = "rseq"

    def __init__(self, diagnostics: Seq[Diagnostic]) -> None:
        if not isinstance(diagnostics, (list, tuple)) or not all(isinstance(one, Diagnostic) for one in diagnostics):
            raise TypeError("the compiler makes this error, from a list of what it has found")
        if not diagnostics:
            raise ValueError("this error is about at least one thing that was found")
        self.diagnostics = tuple(diagnostics)
        first = self.diagnostics[0].places[0][0]
        where = (first.file, first.line, first.column + 1, first.text, first.end_line, first.end_column + 1)
        super().__init__("\n" + "\n".join(str(diagnostic) for diagnostic in self.diagnostics), where)

    def __str__(self) -> str:
        return self.msg.strip()

    def __reduce__(self) -> tuple[type[CompileError], tuple[Seq[Diagnostic]]]:
        return type(self), (self.diagnostics,)


class ContractError(CompileError):
    """A sequence that would break when the kernel restarts it."""

    __module__ = "rseq"
