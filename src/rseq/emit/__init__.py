"""Sequences for other languages: a sequence as a C header."""

from __future__ import annotations

from .c import header as c_header

__all__ = ["c_header"]
