"""Ways to spoil a critical section, so that a stress test can show that it fails where the code is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from rseq._arch.base import Assembly, Line


def without_descriptor_store(assembly: Assembly) -> Assembly:
    """The kernel is never told of the section: the store to rseq_cs is gone."""
    number = next(i for i, line in enumerate(assembly.hot) if line.text == "2:") - 1
    return replace(assembly, hot=assembly.hot[:number] + assembly.hot[number + 1 :])


class _EndingEarly(Assembly):
    def lines(self, descriptor_section: str = "") -> Iterator[Line]:
        for line in super().lines(descriptor_section):
            yield replace(line, text=line.text.replace("3f - 2f", "88f - 2f"))


def ending_early(assembly: Assembly) -> Assembly:
    """The commit is outside of the range: it ends after its first instruction, a nop that stands before the others."""
    start = next(i for i, line in enumerate(assembly.hot) if line.text == "2:")
    hot = (*assembly.hot[: start + 1], Line("nop"), Line("88:"), *assembly.hot[start + 1 :])
    parts = {part.name: getattr(assembly, part.name) for part in fields(assembly)}
    return _EndingEarly(**{**parts, "hot": hot})


def ending_late(assembly: Assembly) -> Assembly:
    """The commit is not the last instruction of the range: an abort behind it does it all again."""
    end = next(i for i, line in enumerate(assembly.hot) if line.text == "3:")
    return replace(assembly, hot=(*assembly.hot[:end], Line("nop"), *assembly.hot[end:]))


def with_wrong_signature(assembly: Assembly) -> Assembly:
    """The word before the abort handler is not the one that the kernel was given: it ends the process instead."""
    signature = assembly.architecture.signature
    cold = tuple(
        replace(line, text=line.text.replace(f"{signature:#x}", f"{signature ^ 1:#x}")) for line in assembly.cold
    )
    assert cold != assembly.cold
    return replace(assembly, cold=cold)
