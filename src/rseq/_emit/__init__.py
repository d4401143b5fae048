"""Sequences for other languages: as a C header."""

from __future__ import annotations

from rseq._emit.c import header as c_header
from rseq._emit.names import default_prefix

__all__ = ["c_header", "default_prefix"]
