"""How what users store is laid out, as NumPy says it: numbers, or structures of them."""

from __future__ import annotations

from rseq._once import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np


def layout_of(dtype: object) -> np.dtype[Any]:
    """The NumPy dtype that `dtype` names: a number of the language, or what NumPy takes for a dtype.

    Raises: TypeError - it names none, or two (`require_one_meaning`), or Python objects, an array, or numbers of the
    other byte order. ValueError - it has no bytes.
    """
    load("numpy")
    import numpy as np

    layout: np.dtype[Any] = np.dtype(_numpy_name(dtype))
    wrong = ""
    if layout.hasobject:
        wrong = "Python objects"
    elif layout.subdtype is not None:
        wrong = "an array; use a structured dtype with that field"
    elif not layout.isnative and layout.fields is None:
        wrong = "of the other byte order, which NumPy's scalars have not; use a structured dtype with that field"
    if wrong:
        raise TypeError(f"dtype: expected numbers or a structure of them, got {layout}, which is {wrong}")
    if not layout.itemsize:
        raise ValueError(f"dtype: expected records of one byte or more, got {layout}")
    return layout


def _numpy_name(dtype: Any) -> Any:
    """What NumPy calls a number of the language; all else is left to NumPy."""
    from rseq._language.dtypes import require_one_meaning
    from rseq._language.types import SCALARS, Scalar

    require_one_meaning(dtype)
    if not isinstance(dtype, Scalar) and not (isinstance(dtype, str) and dtype in SCALARS):
        return dtype
    name = str(dtype)
    return {"i": "int", "u": "uint", "f": "float"}[name[0]] + name[1:] if name != "bool" else name


def said(dtype: Any) -> Any:
    """A NumPy dtype as JSON has it."""
    load("numpy")
    import numpy as np

    return np.lib.format.dtype_to_descr(np.dtype(dtype))


def dtype_of(said: Any) -> Any:
    """The NumPy dtype that `said` is about. Raises: ValueError, TypeError - none."""
    if said is None:
        return None
    load("numpy")
    import numpy as np

    try:
        return np.lib.format.descr_to_dtype(_as_tuples(said))
    except SyntaxError as error:  # NumPy reads texts with commas as Python
        raise ValueError(f"no dtype: {said!r}") from error


def _as_tuples(said: Any) -> Any:
    """JSON knows lists only; in a list of fields each is a tuple: name, type, and perhaps a shape."""
    if not isinstance(said, list):
        return said
    return [(field[0], _as_tuples(field[1]), *map(tuple, field[2:])) for field in said]
