"""Machine code that is the same in every process, by name: what comes with the package, or is compiled."""

from __future__ import annotations

import sys

from rseq._layout import ITEMS_AT
from rseq._loader import Blob, from_plain, load, plain
from rseq._once import once
from rseq._shipped import bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rseq._loader import Code

ITEMS = {"rseq_items_at": ITEMS_AT}
"""What machine code asks about tuples."""


@once
def ready(name: str, home: str, *given: object) -> Code:
    """Loaded machine code. If none comes with the package, `home`, a module, has what writes it: `write(code, *given)`.

    Raises: UnsupportedError - this machine's architecture has no code generator. OSError - no executable memory.
    """
    found = bundle(name)
    if found is None:
        from rseq._cache import remembered

        found = remembered(name, lambda: plain(made(name, home, *given)))
    return load(from_plain(found), ITEMS)


def made(name: str, home: str, *given: object, **how: object) -> Blob:
    """The same, compiled; `how` for another architecture or layout than this process's."""
    from rseq._codegen.blob import BlobEnvironment

    __import__(home)
    code = BlobEnvironment.new(name, **how)  # type: ignore[arg-type]
    return code.compiled(sys.modules[home].write(code, *given))
