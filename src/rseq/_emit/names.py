"""Names from Python in C and C++: a word that means something there, or that a macro replaces, gets another name."""

from __future__ import annotations

import os
import re

_C = """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false float
for goto if inline int long nullptr register restrict return short signed sizeof static static_assert struct switch
thread_local true typedef typeof typeof_unqual union unsigned void volatile while
"""
_CPP = """
and and_eq bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield compl concept const_cast
consteval constinit contract_assert decltype delete dynamic_cast explicit export final friend import module mutable
namespace new noexcept not not_eq operator or or_eq override post pre private protected public reinterpret_cast requires
static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq
"""
_MACROS = """
EOF I INFINITY NAN NULL arm assert complex errno i386 imaginary linux major makedev math_errhandling minor mips noreturn
offsetof riscv setjmp sigmask sparc stderr stdin stdout unix va_arg va_copy va_end va_start
"""
_OURS = """
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ptrdiff_t uintptr_t intptr_t
"""

_RESERVED = frozenset(f"{_C} {_CPP} {_MACROS} {_OURS}".split())
"""Keywords of C23 and C++26, what usual headers and compilers define as macros, and the types that we write."""


def snake(name: str) -> str:
    """`FloatCounter` as `float_counter`, `my-shop` as `my_shop`."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^\w]", "_", split).lower().strip("_")


def default_prefix(module: str | None, file: str, *owners: str) -> str:
    """What C names begin with if nobody says otherwise: the module's own name, then the structure's.

    A program, or what else has no name as a module, goes by its `file`'s.
    """
    own = (module or "").rpartition(".")[2]
    if own in ("", "__main__"):
        stem = os.path.splitext(os.path.basename(file))[0]
        own = stem if stem.isidentifier() else "main"
    return "_".join(unique(snake(part), set()) for part in (own, *owners))


def unique(name: str, taken: set[str]) -> str:
    """A C name for `name` that is not reserved and not in `taken`, where it is put. Most names stay as they are."""
    letters = "".join(c if c.isascii() else f"u{ord(c):04x}" for c in name)
    if re.match(r"\d|__|_[A-Z]|$", letters):  # a number, or the implementation's own
        letters = f"x{letters}"
    while letters in _RESERVED or letters in taken:
        letters += "_"
    taken.add(letters)
    return letters


def guard(name: str) -> str:
    """The macro that says that a header has been included."""
    return f"{name}_H".upper()


def is_prefix(text: str) -> bool:
    """True if C names may begin with `text`."""
    return re.fullmatch(r"[A-Za-z]\w*", text, re.ASCII) is not None
