"""Linux's restartable sequences for Python: per-CPU data that many threads update at once, without locks.

Threads:       available, cpu_number, fence, info
Sequences:     sequence, routine, Record, i8 … u64, f32, f64, ptr, prepared
               clock, copy, ctz, clz, bits: operations of sequences, as cpu_number is
Routines:      lane, lanes, load_acquire, store_release, compare_exchange, full_fence, relax, sched_yield, float_bits,
               thread_id, thread_ended
Storage:       percpu, array, Segment
Structures:    Counter, FloatCounter, CounterArray, Histogram, Max, Min, Pool, RCU, RingBuffer, SpinLock, Stack
Errors:        CompileError, ContractError, UnsupportedError
"""

from rseq._language.errors import CompileError, ContractError
from rseq._language.inline import Inline
from rseq._language.operations import (
    bits,
    clock,
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
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU as percpu  # noqa: N813
from rseq._percpu.threads import thread_id
from rseq._sequence import Routine, Sequence, inline, routine, sequence
from rseq._structures.array import CounterArray
from rseq._structures.counter import Counter, FloatCounter
from rseq._structures.extreme import Max, Min
from rseq._structures.histogram import Histogram
from rseq._structures.lock import SpinLock
from rseq._structures.pool import Pool
from rseq._structures.rcu import RCU
from rseq._structures.ring import Event, RingBuffer
from rseq._structures.stack import Stack
from rseq._thread.cpus import cpu_number
from rseq._thread.membarrier import fence
from rseq._thread.registration import available
from rseq._thread.report import info
from rseq._thread.support import UnsupportedError

__version__ = "0.1.0"

__all__ = [
    "RCU",
    "CompileError",
    "ContractError",
    "Counter",
    "CounterArray",
    "Event",
    "FloatCounter",
    "Histogram",
    "Inline",
    "Max",
    "Min",
    "Pool",
    "Record",
    "RingBuffer",
    "Routine",
    "Segment",
    "Sequence",
    "SpinLock",
    "Stack",
    "UnsupportedError",
    "array",
    "available",
    "bits",
    "clock",
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
    "prepared",
    "ptr",
    "relax",
    "routine",
    "sched_yield",
    "sequence",
    "store_release",
    "thread_ended",
    "thread_id",
    "u8",
    "u16",
    "u32",
    "u64",
]
