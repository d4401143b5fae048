"""Whether the calling thread itself holds a robust mutex, in machine code.

libc answers EDEADLK to a thread whose kernel id is in the mutex. In another pid namespace that may be another thread:
two containers each have a thread 1. The kernel's list of what the calling thread holds, by which it would mark the
mutex if the thread ended (get_robust_list(2)), has only its own.

    head:   | first entry | from an entry to its futex | entry that is being put on or taken off |

Assumptions: the list's form is the kernel's interface (linux/futex.h), as are its at most ROBUST_LIST_LIMIT entries.
The lowest bit of an address is a flag. Where the system call is forbidden, libc is believed.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ll

from rseq._codegen.codes import I64, PTR

__all__ = ["MUTEX_BYTES", "holds_itself"]

MUTEX_BYTES = 64
"""As in _percpu/mutex.py, which loads no compiler: the futex is somewhere in there."""

_LIMIT = 2048  # ROBUST_LIST_LIMIT
_NAME = "rseq.mutex.holds"


def holds_itself(environment: Any, builder: Any, mutex: Any) -> Any:
    """Emit: an i1, whether the calling thread holds the mutex, for which libc has said EDEADLK."""
    if _NAME not in environment.module.globals:
        _make(environment)
    return builder.call(environment.module.globals[_NAME], [mutex])


def _make(environment: Any) -> None:
    one, zero = ll.Constant(ll.IntType(1), 1), ll.Constant(ll.IntType(1), 0)
    function = ll.Function(environment.module, ll.FunctionType(ll.IntType(1), [PTR]), _NAME)
    function.linkage = "internal"
    for attribute in ("noinline", "cold", "nounwind"):
        function.attributes.add(attribute)
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    start = builder.ptrtoint(function.args[0], I64)
    out = builder.alloca(ll.ArrayType(I64, 2))
    length = builder.gep(out, [I64(1)], source_etype=I64)
    number = I64(environment.architecture.get_robust_list)
    type = ll.FunctionType(I64, [I64], var_arg=True)
    failed = environment.call(builder, "syscall", type, [number, I64(0), out, length])
    with builder.if_then(builder.icmp_signed("!=", failed, I64(0)), likely=False):
        builder.ret(one)
    head = builder.load(out, typ=PTR)
    first, offset, pending = (
        builder.load(builder.gep(head, [I64(word)], source_etype=I64), typ=I64) for word in range(3)
    )

    def is_it(entry: Any) -> Any:
        into = builder.sub(builder.add(builder.and_(entry, I64(-2)), offset), start)
        return builder.icmp_unsigned("<", into, I64(MUTEX_BYTES))

    with builder.if_then(is_it(pending), likely=False):
        builder.ret(one)
    before = builder.block
    loop, body, following = (function.append_basic_block(name) for name in ("loop", "body", "following"))
    none = function.append_basic_block("none")
    builder.branch(loop)
    builder.position_at_end(loop)
    entry, turns = builder.phi(I64), builder.phi(I64)
    address = builder.and_(entry, I64(-2))
    is_end = builder.icmp_unsigned("==", address, builder.ptrtoint(head, I64))
    builder.cbranch(builder.or_(is_end, builder.icmp_unsigned(">", turns, I64(_LIMIT))), none, body)
    builder.position_at_end(body)
    found = is_it(entry)
    with builder.if_then(found, likely=False):
        builder.ret(one)
    builder.branch(following)
    builder.position_at_end(following)
    entry.add_incoming(first, before)
    turns.add_incoming(I64(0), before)
    entry.add_incoming(builder.load(builder.inttoptr(address, PTR), typ=I64), following)
    turns.add_incoming(builder.add(turns, I64(1)), following)
    builder.branch(loop)
    builder.position_at_end(none)
    builder.ret(zero)
