"""Linux's restartable sequences for Python: per-CPU data that many threads update at once, without locks.

Threads:       available, cpu_number, clock, clock_frequency, fence, info
Sequences:     sequence, routine, Record, i8 … u64, f32, f64, ptr, prepared
               copy, ctz, clz, bits: operations of sequences, as cpu_number and clock are
Routines:      lane, lanes, load_acquire, store_release, compare_exchange, full_fence, relax, sched_yield, float_bits,
               thread_id, thread_ended
Storage:       percpu, array, Segment, segments
Structures:    Counter, FloatCounter, CounterArray, KeyedCounter, Histogram, Max, Min, Collector, Pool, RCU, RingBuffer,
               SpinLock, Stack, TokenBucket
Cache:         precompile
Errors:        CompileError, ContractError, SegmentError, UnsupportedError
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rseq._language.errors import CompileError, ContractError
    from rseq._language.inline import Inline
    from rseq._language.operations import (
        bits,
        clz,
        compare_exchange,
        copy,
        ctz,
        float_bits,
        full_fence,
        lane,
        lanes,
        load_acquire,
        relax,
        sched_yield,
        store_release,
        thread_ended,
    )
    from rseq._language.types import Record, f32, f64, i8, i16, i32, i64, index, prepared, ptr, u8, u16, u32, u64
    from rseq._percpu.rows import RowArray as array  # noqa: N813
    from rseq._percpu.shared.layout import SegmentError
    from rseq._percpu.shared.listing import segments
    from rseq._percpu.shared.segment import Segment
    from rseq._percpu.storage import PerCPU as percpu  # noqa: N813
    from rseq._percpu.threads import thread_id
    from rseq._precompile import precompile
    from rseq._sequence import Routine, Sequence, inline, routine, sequence
    from rseq._structures.array import CounterArray
    from rseq._structures.bucket import TokenBucket
    from rseq._structures.clock import clock, clock_frequency
    from rseq._structures.collector import Collector
    from rseq._structures.counter import Counter, FloatCounter
    from rseq._structures.extreme import Max, Min
    from rseq._structures.histogram import Histogram
    from rseq._structures.histogram.snapshot import HistogramSnapshot
    from rseq._structures.keyed import KeyedCounter
    from rseq._structures.lock import SpinLock
    from rseq._structures.pool import Pool
    from rseq._structures.rcu import RCU
    from rseq._structures.ring import Event, RingBuffer
    from rseq._structures.stack import Stack
    from rseq._thread.current import cpu_number
    from rseq._thread.membarrier import fence
    from rseq._thread.registration import available
    from rseq._thread.report import info
    from rseq._thread.support import UnsupportedError
del TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "RCU",
    "Collector",
    "CompileError",
    "ContractError",
    "Counter",
    "CounterArray",
    "Event",
    "FloatCounter",
    "Histogram",
    "HistogramSnapshot",
    "Inline",
    "KeyedCounter",
    "Max",
    "Min",
    "Pool",
    "Record",
    "RingBuffer",
    "Routine",
    "Segment",
    "SegmentError",
    "Sequence",
    "SpinLock",
    "Stack",
    "TokenBucket",
    "UnsupportedError",
    "array",
    "available",
    "bits",
    "clock",
    "clock_frequency",
    "clz",
    "compare_exchange",
    "copy",
    "cpu_number",
    "ctz",
    "f32",
    "f64",
    "fence",
    "float_bits",
    "full_fence",
    "i8",
    "i16",
    "i32",
    "i64",
    "index",
    "info",
    "inline",
    "lane",
    "lanes",
    "load_acquire",
    "percpu",
    "precompile",
    "prepared",
    "ptr",
    "relax",
    "routine",
    "sched_yield",
    "segments",
    "sequence",
    "store_release",
    "thread_ended",
    "thread_id",
    "u8",
    "u16",
    "u32",
    "u64",
]

_HOMES = {
    "Collector": ("_structures.collector", "Collector"),
    "CompileError": ("_language.errors", "CompileError"),
    "ContractError": ("_language.errors", "ContractError"),
    "Counter": ("_structures.counter", "Counter"),
    "CounterArray": ("_structures.array", "CounterArray"),
    "Event": ("_structures.ring", "Event"),
    "FloatCounter": ("_structures.counter", "FloatCounter"),
    "Histogram": ("_structures.histogram", "Histogram"),
    "HistogramSnapshot": ("_structures.histogram.snapshot", "HistogramSnapshot"),
    "Inline": ("_language.inline", "Inline"),
    "KeyedCounter": ("_structures.keyed", "KeyedCounter"),
    "Max": ("_structures.extreme", "Max"),
    "Min": ("_structures.extreme", "Min"),
    "Pool": ("_structures.pool", "Pool"),
    "RCU": ("_structures.rcu", "RCU"),
    "Record": ("_language.types", "Record"),
    "RingBuffer": ("_structures.ring", "RingBuffer"),
    "Routine": ("_sequence", "Routine"),
    "Segment": ("_percpu.shared.segment", "Segment"),
    "SegmentError": ("_percpu.shared.layout", "SegmentError"),
    "Sequence": ("_sequence", "Sequence"),
    "SpinLock": ("_structures.lock", "SpinLock"),
    "Stack": ("_structures.stack", "Stack"),
    "TokenBucket": ("_structures.bucket", "TokenBucket"),
    "UnsupportedError": ("_thread.support", "UnsupportedError"),
    "array": ("_percpu.rows", "RowArray"),
    "available": ("_thread.registration", "available"),
    "bits": ("_language.operations", "bits"),
    "clock": ("_structures.clock", "clock"),
    "clock_frequency": ("_structures.clock", "clock_frequency"),
    "clz": ("_language.operations", "clz"),
    "compare_exchange": ("_language.operations", "compare_exchange"),
    "copy": ("_language.operations", "copy"),
    "cpu_number": ("_thread.current", "cpu_number"),
    "ctz": ("_language.operations", "ctz"),
    "f32": ("_language.types", "f32"),
    "f64": ("_language.types", "f64"),
    "fence": ("_thread.membarrier", "fence"),
    "float_bits": ("_language.operations", "float_bits"),
    "full_fence": ("_language.operations", "full_fence"),
    "i16": ("_language.types", "i16"),
    "i32": ("_language.types", "i32"),
    "i64": ("_language.types", "i64"),
    "i8": ("_language.types", "i8"),
    "index": ("_language.types", "index"),
    "info": ("_thread.report", "info"),
    "inline": ("_sequence", "inline"),
    "lane": ("_language.operations", "lane"),
    "lanes": ("_language.operations", "lanes"),
    "load_acquire": ("_language.operations", "load_acquire"),
    "percpu": ("_percpu.storage", "PerCPU"),
    "precompile": ("_precompile", "precompile"),
    "prepared": ("_language.types", "prepared"),
    "ptr": ("_language.types", "ptr"),
    "relax": ("_language.operations", "relax"),
    "routine": ("_sequence", "routine"),
    "sched_yield": ("_language.operations", "sched_yield"),
    "segments": ("_percpu.shared.listing", "segments"),
    "sequence": ("_sequence", "sequence"),
    "store_release": ("_language.operations", "store_release"),
    "thread_ended": ("_language.operations", "thread_ended"),
    "thread_id": ("_percpu.threads", "thread_id"),
    "u16": ("_language.types", "u16"),
    "u32": ("_language.types", "u32"),
    "u64": ("_language.types", "u64"),
    "u8": ("_language.types", "u8"),
}
"""Where each public name is defined, and what it is called there. It is imported when it is first asked for."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    from rseq._once import load  # forks of other threads wait for it

    home, there = _HOMES[name]
    load(f"{__name__}.{home}")
    found: object = getattr(sys.modules[f"{__name__}.{home}"], there)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
