"""Counters, arrays and bound sequences inside `@njit` functions, inlined as critical sections.

    @numba.njit(nogil=True)
    def count(hits, items):
        for item in items:
            hits.add(item, 1)

Numba finds this module through its extension entry point; `import rseq` does not import Numba. The
same sequences are lowered by the same code as for builtins; only the `Environment` differs: in
Numba's modules functions of the process are ordinary symbols, and so is `__rseq_offset`.

A structure is a value of its storage's place (base, stride, lanes, lock), its Python object, and the
dimensions. As an argument it may be used in functions compiled with `cache=True`: what a sequence means, the code
generator itself, and whether this process has the lanes' numbers are part of its type, so machine
code is reused only where it is the same. As a global it is a constant of this process: Numba then
refuses to cache, and the memory lives as long as the process. The value holds no reference to its
object, which the caller of compiled code keeps alive; so it cannot go into a list, a dict, a class, a
structref or a generator, which may outlive it. For the same reason, do not make a structure inside `objmode` and hand
it out of the block.

Numba loads its extensions when it first compiles or calls something, and not under a lock: a thread that
comes second may find no types of ours yet (a TypingError, "non-precise type pyobject"). Where several
threads may be first, `import rseq.numba` before they start.

With `fastmath` the caller's arithmetic is fast and ours exact: NaN, infinities and the zeros' signs mean what they
always mean in sequences, routines and inline functions, also if the caller's own arithmetic has made them.

Arguments are converted as Numba converts: integers of other widths wrap around. A float for an integer
is refused when the function is compiled.

An index out of range raises IndexError, whether bounds checking is on or not; nothing is counted then,
in no element. Numba drops what a worker thread of a parallel loop raises, and the rest of that thread's part
with it. So a call in a `prange` loop, or in another thread that Numba made, is left out and counted in the
storage's `refused`; it is told by the name of the function that Numba makes of a loop's body, or, in a function that
the body calls, by a thread that Python does not know. If the call has a result, there is none to go on with, and a
routine may be there to take a lock: such a call is counted, and raises. In a function that the body calls, the calling
thread raises: the call ends in a SystemError whose cause is the IndexError.

While compiled code that holds the GIL waits for the spare lane's lock, it keeps the GIL. That cannot
deadlock: whoever has the lock needs the GIL for nothing until the lock is free again.

Compiled code that does not hold the GIL asks Python for nothing, so that it may run while the interpreter ends, and
beside sub-interpreters. That a lock was taken over from a thread that has ended is said after the call.
"""

from __future__ import annotations

from typing import Any

from rseq._arch import host
from rseq._loader import CLOCK_RATE
from rseq._numba import calls, items, models, values  # each teaches Numba its part when it is imported
from rseq._numba.index import refuse_none_of, refuse_unasked
from rseq._numba.types import BoundSequenceType, StructureType
from rseq._once import once
from rseq._percpu.clock_rate import word_address
from rseq._percpu.thread_code import symbols

__all__ = ["BoundSequenceType", "StructureType"]

_PARTS = (calls, items, models, values)


def _call_of(type: Any) -> str:
    """What messages call the call of a bound sequence, or of a function that was given a structure."""
    return f"{type.title}()" if isinstance(type, BoundSequenceType) else f"a function that was given a {type.name}"


def _init() -> None:
    """Numba calls this when it starts, where the package is installed. Nothing happens the second time."""
    _prepare()


@once
def _prepare() -> None:
    """Sequences are inline assembly, which needs LLVM's assembly parser, and refer to machine code of this process."""
    import llvmlite.binding as llvm

    llvm.initialize_native_asmparser()
    if host() is not None:
        for name, address in symbols().items():
            llvm.add_symbol(name, address)
        llvm.add_symbol(CLOCK_RATE, word_address())  # it is measured when a routine is bound that asks for it
    refuse_none_of((BoundSequenceType, StructureType), _call_of)
    refuse_unasked(StructureType)


_prepare()
