"""A lock for each CPU: taking the one of the CPU that a thread is on costs no atomic instruction.

    lane 0      lane 1      …  lane n-1    spare lane
    +-------+   +-------+      +-------+   +-------+
    | owner |   | owner |      | owner |   | owner |       0, or the number of the thread that holds it
    +-------+   +-------+      +-------+   +-------+

`take` is a sequence: it commits its thread's number to `owner` if there is a 0, so of all threads on one CPU one gets
it. From then on only the holder stores there, with a release store, from whatever CPU it is on by then. Sequences
never overwrite what is not 0 and the holder stores nothing else, so plain and remote stores never meet.
The commit releases as well: who sees a thread's number in a lock sees in the table what that number stands for.

Who waits, spins a little: the holder may run on another CPU. Then it gives up the GIL and its time slice each turn, so
that a holder on the same CPU, or one that needs the GIL, goes on. Now and then it looks if the holder lives.

A holder that ends leaves its number in the lock. A waiter proves that the thread with that number has ended, and that
nobody will have that number again (_percpu/threads.py says how: the kernel marks a robust mutex of each
thread when it ends, whatever ends it). It then takes the lock by compare-and-exchange from exactly that number. Of two
waiters who find out at once, one gets it.

A fork copies a private lock. In the child only the thread exists that has forked: it goes on to hold what it holds.
What other threads held in the copy is marked as left behind; waiters take it over.
In a shared segment the holder is the parent's thread, and remains it.

The road not taken: to let the kernel mark the lock itself (a robust futex for each lock). A thread would
have to enter and leave a list in memory around each acquire, which costs more than the lock.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._builtins.form import Form
from rseq._builtins.method import Context, thread_state
from rseq._forks import before_forks, start_anew_after_forks
from rseq._once import once
from rseq._percpu.threads import LEFT_BEHIND, Table, table, table_of
from rseq._quick import get_ident
from rseq._structures.structure import Structure, forget_inside, not_set_up, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rseq._language.compiled import Compiled
    from rseq._percpu.shared.segment import Segment


def _parse() -> Mapping[str, Compiled]:
    from rseq._structures.lock_code import acquire, release, try_acquire

    return {"acquire": acquire, "release": release, "try_acquire": try_acquire}


LOCK = Form("lock", _parse)

_CONTEXT = Context("acquire", "release", "this thread is not inside `with lock:`; another one may be")


class SpinLock(Structure, hot=("acquire", "release", "try_acquire"), context=_CONTEXT):
    """A lock for each CPU. It protects what belongs to that CPU, from the other threads that work on it.

        lock, items = rseq.SpinLock(), rseq.percpu(Items)
        view = items.view()

        with lock as cpu:                # the lock of the CPU that the thread is on at that moment
            view["count"][cpu] += 1      # nobody else is here, even if the thread is moved to another CPU now

    `acquire` and `release` do the same one by one, from Python and inlined in Numba. Hold it for short: others on that
    CPU wait actively. A thread holds one at a time; a signal handler uses `try_acquire`. Do not `yield` or `await`
    inside `with lock`: of two blocks that one thread is in, the one that was entered last is taken to end first.
    A holder that ends without releasing it, killed or not, is found out by those who wait in `acquire`: one of them has
    the lock then, with a RuntimeWarning that names the holder.
    `segment` and `name`: for threads of several processes, see `Counter`. After a fork a private lock is a copy, of
    which the thread that has forked still holds what it held; in a segment the parent's thread holds it.
    Raises: UnsupportedError - no code can be made for this machine. OSError - the system refuses executable memory.
    Threads: any, registered or not.
    """

    __slots__ = ()

    def __init__(self, *, segment: Segment | str | None = None, name: str | None = None) -> None:
        storage, _ = storage_for(self, LOCK, segment, name, {})
        set_up(self, storage, LOCK)
        _table_of(self).thread_id()  # a process and its children have one table: make it before the first fork
        if segment is None:
            _follow_forks()
            start_anew_after_forks(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return LOCK.parts

    def acquire(self) -> int:
        """Take the lock of the CPU that the thread is on by then, and wait for it. Ctrl-C works while it waits.

        Returns: the CPU's number; for the spare lane, that of the last row of `per_cpu()`. `release` wants it.
        Raises: RuntimeError - this thread holds it already. What a signal handler raises.
        Threads: any; not a signal handler, which may have interrupted the holder.
        """
        raise not_set_up(self)

    def try_acquire(self) -> int | None:
        """Take the lock of the CPU that the thread is on, if nobody holds it. It never waits.

        Returns: the CPU's number, None if it is held; it does not look if the holder lives.
        Threads: any; signal handlers too.
        """
        raise not_set_up(self)

    def release(self, cpu: int) -> None:
        """Release the lock of `cpu`, which this thread holds, from whatever CPU it is on by now.

        Raises: RuntimeError - this thread does not hold it; it says who does. IndexError - there is no such CPU.
        """
        raise not_set_up(self)

    def __enter__(self) -> int:
        """`acquire`, which whatever exception comes is followed by `release` at the end of the block."""
        raise not_set_up(self)

    def __exit__(self, *exception: object) -> None:
        raise not_set_up(self)

    def holders(self) -> dict[int, str]:
        """Who holds which CPU's lock at the moment: a thread and its process, by the CPU's number."""
        table = _table_of(self)
        return {cpu: table.describe(owner & ~LEFT_BEHIND) for cpu, owner in self._owners() if owner}

    def _owners(self) -> Iterator[tuple[int, int]]:
        for cpu, address in enumerate(storage_of(self).place.addresses()):
            yield cpu, ctypes.c_uint64.from_address(address).value

    def _start_anew(self) -> None:
        """In a forked child: its thread holds what the one that has forked held; the other holders are not here."""
        forget_inside(self, but=thread_state())
        table, before = _table_of(self), _forking.get(get_ident(), 0)
        now = table.known_id()
        for address in storage_of(self).place.addresses():
            word = ctypes.c_uint64.from_address(address)
            if word.value and word.value != now:
                word.value = table.thread_id() if word.value == before else word.value | LEFT_BEHIND
                now = table.known_id()

    def __repr__(self) -> str:
        held = ", ".join(f"CPU {cpu}: {holder}" for cpu, holder in self.holders().items())
        return f"<rseq.SpinLock, {'held by ' + held if held else 'free'}>"


def _table_of(lock: SpinLock) -> Table:
    return table_of(storage_of(lock).place.lock)


# ---- forks

_forking: dict[int, int] = {}


def _note_number() -> None:
    """What the thread is called that forks, in the table of private locks: in the child it has another number."""
    _forking[get_ident()] = table().known_id()


@once
def _follow_forks() -> None:
    before_forks(_note_number)
