"""Structures that the tasks of a Dask cluster count in: one for each host, and one snapshot of all of them.

    from dask.distributed import Client
    import rseq.distributed

    client = Client()
    rows = rseq.distributed.share(client, rseq.Counter)

    def work(part):
        rows.local.add(len(part))      # the Counter of this host, which all of its workers have

    client.gather(client.map(work, parts, pure=False))
    rows.snapshot()                    # of the whole cluster

On each host the structure is in a segment with a name, which a worker plugin opens in every worker. The segment is
there as long as one of them is, so it has what killed workers have counted. Segments are told apart by their identity,
a random number: workers that have the same one are read once.

A worker that leaves in order hands over what its host has counted, with the moment, as metadata in the scheduler; so
does every worker that joins, without a number. When no worker of a host is left, what the latest has handed over is the
host's number, unless some worker may have counted after that moment: it was killed, and was there or came later. Then
the number is missing, and `snapshot` says so.

The road not taken: to have tasks send their counts. It is exact where tasks are run again, and needs nothing of this:
docs/distributed.md shows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, cast

from rseq._once import load
from rseq._percpu.shared.files import Place, place_of, take_away
from rseq._percpu.shared.layout import MAX_PROCESSES, SegmentError
from rseq._percpu.shared.segment import Segment, core_of
from rseq._structures.array import CounterArray
from rseq._structures.counter import Counter, FloatCounter
from rseq._structures.extreme import Max, Min
from rseq._structures.histogram import Histogram
from rseq._structures.keyed import KeyedCounter

load("distributed")
from distributed import Client, Worker, WorkerPlugin, get_client  # noqa: E402 - one sentence, if it is missing

__all__ = ["Shared", "share"]

P = ParamSpec("P")
T = TypeVar("T")

_KINDS = (Counter, FloatCounter, CounterArray, KeyedCounter, Histogram, Max, Min)
_PATIENCE_S = 0.1
"""How long to wait before looking again for a worker that is just starting or leaving."""
_HAND_OVER_S = 5.0
"""How long a worker that leaves waits for the scheduler, which may be gone."""


def share(client: Client, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Shared[T]:
    """Give the workers of each host one structure, `make(*args, **kwargs)`, those that join later too.

        sizes = rseq.distributed.share(client, rseq.Histogram, [1, 10, 100])

    `make`: Counter, FloatCounter, CounterArray, KeyedCounter, Histogram, one of its class methods such as
    `Histogram.linear`, Max or Min. `name=` is what `rseq show` calls it on each host. It waits until all workers have
    it.
    Returns: a handle for the client and for tasks. It can be pickled into anything that the cluster runs.
    Raises: TypeError - no such structure, no Client or an asynchronous one, `segment` or `index` is given. As `make`.
    What a worker raises, if it cannot make one.
    Threads: any thread of the client's process.
    """
    _require_client(client)
    if {"segment", "index"}.intersection(kwargs):
        raise TypeError("share() takes neither segment nor index: it makes a segment of its own on each host")
    name, build = kwargs.pop("name", None), cast("Any", make)
    made = build(*args, **kwargs) if callable(build) else None  # what is wrong with the arguments is said here
    if not isinstance(made, _KINDS):
        names = ", ".join(kind.__name__ for kind in _KINDS)
        raise TypeError(f"share(): expected one of the structures that can be merged ({names}), got {make!r}")
    made_of = _MadeOf(f"dask-{uuid.uuid4().hex[:12]}", str(name or type(made).__name__), build, args, dict(kwargs))
    _untyped(client).set_metadata([made_of.segment], {})
    shared: Shared[T] = Shared(made_of, client)
    try:
        client.register_plugin(_Plugin(made_of), name=made_of.segment)
    except BaseException:
        shared.close()  # other workers have made it, and those that join would
        raise
    return shared


def _require_client(client: object) -> None:
    if not isinstance(client, Client) or client.asynchronous:
        raise TypeError(f"share(): expected a dask.distributed.Client that is not asynchronous, got {client!r}")


def _untyped(client: Client) -> Any:
    """The same, for methods that have no types."""
    return client


class Shared(Generic[T]):
    """What `share` returns: `local` is for tasks, `snapshot()` for whoever wants the cluster's number.

    `with share(…) as rows:` closes it in the end. Threads: any thread of the client and of workers.
    """

    def __init__(self, made_of: _MadeOf, client: Client | None = None) -> None:
        self._made_of, self._client = made_of, client

    @property
    def local(self) -> T:
        """The structure of this host, in a worker. Where calls are to be fast, keep it, or its method, in a local.

        Raises: RuntimeError - this process is no worker of the cluster, or the structure was closed.
        """
        here = _here.get(self._made_of.segment)
        if here is None:
            raise RuntimeError(
                f"{self!r}: expected `local` to be asked for by a task, in a worker of its cluster, and before "
                "close(); use snapshot() to read what all workers have counted"
            )
        structure: T = here.structure
        return structure

    def snapshot(self, *, timeout: float = 10.0, partial: bool = False) -> Any:
        """What all hosts have counted up to now, as one snapshot of such a structure: an int for a Counter.

        It includes what killed workers have counted, and hosts that have left. If the workers of a host were killed,
        and none is there to read what they counted, it waits `timeout` seconds for one to start there again. With
        `partial` it leaves such hosts out, and waits for nobody.
        Raises: RuntimeError - a host's number is missing; it was closed. ValueError - no client in this process.
        OSError - the scheduler cannot be reached.
        """
        client, until = self._client or get_client(), time.monotonic() + max(0.0, timeout)  # not NaN
        while True:
            found, missing = self._look(client)
            if not missing or partial:
                return self._made_of.merged(found)
            if time.monotonic() >= until:
                raise RuntimeError(
                    f"{self!r}: what was counted on {', '.join(missing)} is missing: all workers there have ended, not "
                    "all in order. It is in that file until a worker starts there again; snapshot(partial=True) leaves "
                    "it out"
                )
            time.sleep(_PATIENCE_S)

    def _look(self, client: Client) -> tuple[list[Any], list[str]]:
        """A snapshot of each host that can be had, and where the others were."""
        segment = self._made_of.segment
        live = _answers(client.run(_read, segment, on_error="return").values())
        stays = _untyped(client).get_metadata([segment], None)
        if stays is None:
            raise RuntimeError(f"{self!r} was closed, or its scheduler started anew")
        gone = {identity: list(map(pickle.loads, known.values())) for identity, known in stays.items()}
        handed = {identity: _handed_over(known) for identity, known in gone.items() if identity not in live}
        found = [*live.values(), *(last.snapshot for last in handed.values() if last is not None)]
        return found, [gone[identity][0].where for identity, last in handed.items() if last is None]

    def close(self) -> None:
        """Take the structure from all workers, and remove its segments; what was counted is gone. Twice is once.

        Tasks that still use it count for nobody. Raises: as `snapshot`, of clients.
        """
        client, segment = _untyped(self._client or get_client()), self._made_of.segment
        if client.get_metadata([segment], None) is not None:
            client.unregister_worker_plugin(name=segment)
            client.set_metadata([segment], None)

    def __enter__(self) -> Shared[T]:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Shared, (self._made_of,)

    def __repr__(self) -> str:
        return f"<rseq.distributed.Shared {self._made_of.name!r}>"


class _MadeOf(NamedTuple):
    """What each host makes."""

    segment: str
    name: str
    make: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def merged(self, snapshots: Iterable[Any]) -> Any:
        total = self.make(*self.args, **self.kwargs)
        for one in snapshots:
            total.merge(one)
        return total.snapshot()


# ---- in workers


class _Here:
    """What this process has of a shared structure, for all workers in it."""

    def __init__(self, made_of: _MadeOf) -> None:
        self.place = place_of(made_of.segment)
        self.segment = Segment(made_of.segment, keep=True)  # a worker that was killed may have been the only one
        self.structure: Any = made_of.make(*made_of.args, **made_of.kwargs, segment=self.segment, name=made_of.name)
        self.identity = core_of(self.segment).header.identity.hex()
        self.workers = 0


_here: dict[str, _Here] = {}
"""By the segment's name. Only plugins change it: those of one cluster run in one thread, the event loop's."""


class _Stay(NamedTuple):
    """When a worker was there, by its host's clock, and what it has handed over."""

    where: str
    life: int
    """A number of its process that no other has."""
    since_ns: int
    until_ns: int = 0
    """0: it is there, or was killed."""
    others: frozenset[int] = frozenset()
    """The lives of all processes that had the segment open at `until_ns`."""
    snapshot: Any = None
    """Of the host, not before `until_ns`."""


def _handed_over(stays: Iterable[_Stay]) -> _Stay | None:
    """The stay whose snapshot has all that was counted on its host, where no worker is left; None if none has."""
    last = max(stays, key=lambda stay: stay.until_ns)
    killed = [stay for stay in stays if not stay.until_ns]
    if any(stay.since_ns >= last.until_ns or stay.life in last.others for stay in killed):
        return None
    return last


class _Plugin(WorkerPlugin):
    """Opens the structure in each worker, and tells the scheduler when that was, and what there was in the end."""

    def __init__(self, made_of: _MadeOf) -> None:
        self._made_of = made_of
        self._stay: _Stay | None = None

    async def setup(self, worker: Worker) -> None:
        segment = self._made_of.segment
        try:
            here = _here.get(segment) or _Here(self._made_of)
        except Exception as error:
            error.__traceback__ = None  # the worker's log keeps that, and so the segment would stay open
            raise
        here.workers += 1
        _here[segment] = here
        life = core_of(here.segment).life
        self._stay = _Stay(f"{socket.gethostname()}:{here.place.path}", life, time.monotonic_ns())
        await self._tell(worker, here.identity, self._stay)

    async def teardown(self, worker: Worker) -> None:
        segment, stay = self._made_of.segment, self._stay
        here = _here.get(segment)
        if here is None or stay is None:  # the structure could not be made
            _take_away(place_of(segment))
            return
        here.workers -= 1
        if here.workers == 0:
            del _here[segment]
        until_ns = time.monotonic_ns()
        others = frozenset(core_of(here.segment).lives(MAX_PROCESSES).values())
        left = stay._replace(until_ns=until_ns, others=others, snapshot=here.structure.snapshot())
        identity, place = here.identity, here.place
        del here  # if no other worker in this process has it, and no task, the segment is no longer in use
        with contextlib.suppress(OSError):  # the whole cluster ends: nobody asks
            await asyncio.wait_for(self._tell(worker, identity, left), _HAND_OVER_S)
        _take_away(place)

    async def _tell(self, worker: Worker, identity: str, stay: _Stay) -> None:
        keys = [self._made_of.segment, identity, worker.id]
        await worker.scheduler.set_metadata(keys=keys, value=pickle.dumps(stay))


def _take_away(place: Place) -> None:
    """Remove a segment, if nobody has it open."""
    with contextlib.suppress(OSError, SegmentError):  # somebody has removed it
        take_away(place, lambda _: True)


def _read(segment: str) -> tuple[str, Any] | None:
    """What this worker's host has counted, and which segment that is; None where it has not opened it yet."""
    here = _here.get(segment)
    return None if here is None else (here.identity, here.structure.snapshot())


def _answers(returned: Iterable[Any]) -> Mapping[str, Any]:
    """What workers have said, one for each host. Raises: what a worker has raised; it may have ended."""
    for one in returned:
        if isinstance(one, Exception) and not isinstance(one, OSError):
            raise one
    return dict(one for one in returned if isinstance(one, tuple))
