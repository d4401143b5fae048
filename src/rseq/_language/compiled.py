"""`Compiled`, what calls are made of."""

from __future__ import annotations

from rseq._language.ir import Compiled

__all__ = ["Compiled"]
