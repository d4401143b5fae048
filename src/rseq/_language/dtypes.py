"""Types as NumPy names them."""

from __future__ import annotations

from rseq._language.types import SCALARS, Scalar
from rseq._once import load


def require_one_meaning(dtype: object) -> None:
    """Raises: TypeError - `dtype` is "i8" or "u8", of 8 bits for us and of 8 bytes for NumPy."""
    if isinstance(dtype, str) and dtype in ("i8", "u8"):
        kind = {"i": "int", "u": "uint"}[dtype[0]]
        raise TypeError(
            f"dtype: {dtype!r} has 8 bits in rseq and 8 bytes in NumPy; write rseq.{dtype} or '{kind}8' for 8 bits, "
            f"rseq.{dtype[0]}64 or '{kind}64' for 8 bytes"
        )


def as_scalar(dtype: object) -> Scalar:
    """The scalar type that `dtype` names: one of ours, `int`, `float`, `bool`, or anything NumPy takes for a dtype.

    Raises: TypeError - it names no type that a sequence can hold, or two: see `require_one_meaning`.
    """
    if isinstance(dtype, Scalar):
        return dtype
    require_one_meaning(dtype)
    if isinstance(dtype, str) and dtype in SCALARS:
        return SCALARS[dtype]
    load("numpy")
    import numpy as np

    try:
        given = None if dtype is None else np.dtype(dtype)  # type: ignore[call-overload]
    except TypeError:
        given = None
    named = {type.numpy_name: type for type in SCALARS.values()}
    if given is None or given.name not in named or not given.isnative:
        raise TypeError(f"expected a type of the language ({', '.join(SCALARS)}) or its NumPy dtype; got {dtype!r}")
    return named[given.name]
