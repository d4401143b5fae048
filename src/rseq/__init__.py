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

from .language.errors import CompileError as CompileError
from .language.errors import ContractError as ContractError
from .language.operations import bits as bits
from .language.operations import clock as clock
from .language.operations import clz as clz
from .language.operations import compare_exchange as compare_exchange
from .language.operations import copy as copy
from .language.operations import ctz as ctz
from .language.operations import float_bits as float_bits
from .language.operations import full_fence as full_fence
from .language.operations import lane as lane
from .language.operations import lanes as lanes
from .language.operations import load_acquire as load_acquire
from .language.operations import relax as relax
from .language.operations import sched_yield as sched_yield
from .language.operations import store_release as store_release
from .language.operations import thread_ended as thread_ended
from .language.types import Record as Record
from .language.types import f32 as f32
from .language.types import f64 as f64
from .language.types import i8 as i8
from .language.types import i16 as i16
from .language.types import i32 as i32
from .language.types import i64 as i64
from .language.types import index as index
from .language.types import prepared as prepared
from .language.types import ptr as ptr
from .language.types import u8 as u8
from .language.types import u16 as u16
from .language.types import u32 as u32
from .language.types import u64 as u64
from .native.bind import UnsupportedError as UnsupportedError
from .percpu.rows import RowArray as array  # noqa: N813
from .percpu.shared import Segment as Segment
from .percpu.storage import PerCPU as percpu  # noqa: N813
from .percpu.threads import thread_id as thread_id
from .sequence import Inline as Inline
from .sequence import Routine as Routine
from .sequence import Sequence as Sequence
from .sequence import inline as inline
from .sequence import routine as routine
from .sequence import sequence as sequence
from .structures.array import CounterArray as CounterArray
from .structures.counter import Counter as Counter
from .structures.counter import FloatCounter as FloatCounter
from .structures.extreme import Max as Max
from .structures.extreme import Min as Min
from .structures.histogram import Histogram as Histogram
from .structures.lock import SpinLock as SpinLock
from .structures.pool import Pool as Pool
from .structures.rcu import RCU as RCU
from .structures.ring import Event as Event
from .structures.ring import RingBuffer as RingBuffer
from .structures.stack import Stack as Stack
from .thread import available as available
from .thread import cpu_number as cpu_number
from .thread import fence as fence
from .thread import info as info

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
