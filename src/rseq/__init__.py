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

from rseq._builtins.bind import UnsupportedError as UnsupportedError
from rseq._language.errors import CompileError as CompileError
from rseq._language.errors import ContractError as ContractError
from rseq._language.operations import bits as bits
from rseq._language.operations import clock as clock
from rseq._language.operations import clz as clz
from rseq._language.operations import compare_exchange as compare_exchange
from rseq._language.operations import copy as copy
from rseq._language.operations import ctz as ctz
from rseq._language.operations import float_bits as float_bits
from rseq._language.operations import full_fence as full_fence
from rseq._language.operations import lane as lane
from rseq._language.operations import lanes as lanes
from rseq._language.operations import load_acquire as load_acquire
from rseq._language.operations import relax as relax
from rseq._language.operations import sched_yield as sched_yield
from rseq._language.operations import store_release as store_release
from rseq._language.operations import thread_ended as thread_ended
from rseq._language.types import Record as Record
from rseq._language.types import f32 as f32
from rseq._language.types import f64 as f64
from rseq._language.types import i8 as i8
from rseq._language.types import i16 as i16
from rseq._language.types import i32 as i32
from rseq._language.types import i64 as i64
from rseq._language.types import index as index
from rseq._language.types import prepared as prepared
from rseq._language.types import ptr as ptr
from rseq._language.types import u8 as u8
from rseq._language.types import u16 as u16
from rseq._language.types import u32 as u32
from rseq._language.types import u64 as u64
from rseq._percpu.rows import RowArray as array  # noqa: N813
from rseq._percpu.shared import Segment as Segment
from rseq._percpu.storage import PerCPU as percpu  # noqa: N813
from rseq._percpu.threads import thread_id as thread_id
from rseq._sequence import Inline as Inline
from rseq._sequence import Routine as Routine
from rseq._sequence import Sequence as Sequence
from rseq._sequence import inline as inline
from rseq._sequence import routine as routine
from rseq._sequence import sequence as sequence
from rseq._structures.array import CounterArray as CounterArray
from rseq._structures.counter import Counter as Counter
from rseq._structures.counter import FloatCounter as FloatCounter
from rseq._structures.extreme import Max as Max
from rseq._structures.extreme import Min as Min
from rseq._structures.histogram import Histogram as Histogram
from rseq._structures.lock import SpinLock as SpinLock
from rseq._structures.pool import Pool as Pool
from rseq._structures.rcu import RCU as RCU
from rseq._structures.ring import Event as Event
from rseq._structures.ring import RingBuffer as RingBuffer
from rseq._structures.stack import Stack as Stack
from rseq._thread.cpus import cpu_number as cpu_number
from rseq._thread.membarrier import fence as fence
from rseq._thread.registration import available as available
from rseq._thread.report import info as info

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
