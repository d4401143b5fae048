"""librseq beside rseq: a lock, a list and a ring of copied items in C, on librseq's inline helpers.

`rseq bench --librseq FOLDER` names a source tree of it (git://git.kernel.org/pub/scm/libs/librseq/librseq.git). Nothing
of it needs to be built: the helpers are in its headers, which this machine's C compiler takes. A CPU's memory is found
as in librseq's pools, by a stride that the compiler knows.

The loops have the form of the native ones and are checked as those are. A list's item is a node of the worker's own.
Whoever finds a ring full empties it, by a sequence too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from rseq._bench.emitted import c_loops
from rseq._bench.native.loop import SLOT_BYTES, Loop, Memory, work
from rseq._bench.native.ring import event_written
from rseq._bench.run import (
    Implementation,
    Operation,
    Span,
    Unavailable,
    answered,
    counted,
    done,
    growth,
    threaded,
)
from rseq._thread.cpus import possible_cpus
from rseq._thread.registration import available

_STRIDE = 1 << 16
_ITEMS = 2048
_ITEM_BYTES = 16
_COUNTER_WORD = 1

_C = f"""
#include <stddef.h>
#include <stdint.h>
#include <rseq/rseq.h>

extern const ptrdiff_t __rseq_offset;
ptrdiff_t rseq_offset; /* what librseq's library would find out */
__attribute__((constructor)) static void init(void) {{ rseq_offset = __rseq_offset; }}

#define OF_CPU(memory, cpu) ((void *)((char *)(memory) + (size_t)(cpu) * {_STRIDE}))
#define HELPERS RSEQ_MO_RELAXED, RSEQ_PERCPU_CPU_ID
#define END_OF_TURN __asm__ volatile("" ::: "memory")

struct guarded {{ intptr_t lock; intptr_t count; }};

int64_t lock_loop(const uint64_t *argument, int64_t turns)
{{
    void *memory = (void *)argument[0];
    for (int64_t i = 0; i < turns; i++) {{
        struct guarded *mine;
        int cpu;
        do {{
            if ((cpu = rseq_current_cpu_raw()) < 0)
                return -1;
            mine = OF_CPU(memory, cpu);
        }} while (rseq_unlikely(rseq_load_cbne_store__ptr(HELPERS, &mine->lock, 0, 1, cpu)));
        rseq_smp_acquire__after_ctrl_dep();
        mine->count++;
        rseq_smp_store_release(&mine->lock, 0);
        END_OF_TURN;
    }}
    return 0;
}}

struct node {{ struct node *next; }};

static inline int push(void *memory, struct node *node)
{{
    for (;;) {{
        int cpu = rseq_current_cpu_raw();
        intptr_t *first = OF_CPU(memory, cpu), seen;
        if (cpu < 0)
            return -1;
        seen = RSEQ_READ_ONCE(*first);
        node->next = (struct node *)seen;
        if (rseq_likely(!rseq_load_cbne_store__ptr(HELPERS, first, seen, (intptr_t)node, cpu)))
            return 0;
    }}
}}

static inline struct node *pop(void *memory)
{{
    for (;;) {{
        intptr_t taken;
        int cpu = rseq_current_cpu_raw();
        int left = cpu < 0 ? 1 : rseq_load_cbeq_store_add_load_store__ptr(
            HELPERS, (intptr_t *)OF_CPU(memory, cpu), 0, offsetof(struct node, next), &taken, cpu);
        if (rseq_likely(!left))
            return (struct node *)taken;
        if (left > 0)
            return NULL;
    }}
}}

/* The second word is the worker's node; answers if it holds one in the end. */
int64_t list_loop(const uint64_t *argument, int64_t turns)
{{
    void *memory = (void *)argument[0];
    struct node *held = (void *)argument[1];
    for (int64_t i = 0; i < turns; i++) {{
        if (held && push(memory, held))
            return -1;
        held = pop(memory);
        END_OF_TURN;
    }}
    return held != NULL;
}}

struct item {{ uint64_t words[{_ITEM_BYTES // 8}]; }};
struct ring {{ intptr_t count; struct item items[{_ITEMS}]; }};

/* Answers how often rings were full. */
int64_t ring_loop(const uint64_t *argument, int64_t turns)
{{
    void *memory = (void *)argument[0];
    struct item item = {{{{1, 2}}}};
    int64_t refused = 0;
    for (int64_t i = 0; i < turns;) {{
        int cpu = rseq_current_cpu_raw();
        struct ring *ring = OF_CPU(memory, cpu);
        intptr_t count;
        if (cpu < 0)
            return -1;
        count = RSEQ_READ_ONCE(ring->count);
        if (rseq_unlikely(count == {_ITEMS})) {{
            refused += !rseq_load_cbne_store__ptr(HELPERS, &ring->count, count, 0, cpu);
            continue;
        }}
        i += !rseq_load_cbne_memcpy_store__ptr(RSEQ_MO_RELEASE, RSEQ_PERCPU_CPU_ID, &ring->count, count,
            &ring->items[count], &item, sizeof item, count + 1, cpu);
        END_OF_TURN;
    }}
    return refused;
}}
"""


def beside(known: Sequence[Operation], folder: Path) -> tuple[Operation, ...]:
    """`known`, and events of 16 bytes, with librseq's loops where there is one."""
    sixteen = event_written("ring-16", "event, 4 + 12 bytes, native loop", payload=12)
    after = max(place for place, operation in enumerate(known) if operation.name.startswith("ring-"))
    makers = {"lock": partial(_lock, folder), "stack": partial(_list, folder), "ring-16": partial(_ring, folder)}
    return tuple(
        replace(operation, makers={**operation.makers, "librseq": makers[operation.name]})
        if operation.name in makers
        else operation
        for operation in (*known[: after + 1], sixteen, *known[after + 1 :])
    )


@cache
def _loops(folder: Path) -> dict[str, Loop]:
    if not Path(folder, "include/rseq/rseq.h").is_file():
        raise Unavailable(f"there is no include/rseq/rseq.h in {folder}.")
    if not available():
        raise Unavailable("the kernel has not registered this thread, and librseq's helpers have no other way.")
    include = str(Path(folder, "include").resolve())
    return c_loops(["lock_loop", "list_loop", "ring_loop"], {"loop.c": _C}, "-std=gnu11", f"-I{include}")


def _memory() -> Memory:
    return Memory(possible_cpus() * _STRIDE)


def _words(memory: Memory, word: int = 0) -> Sequence[int]:
    """A word of each CPU's."""
    return memory.words[word :: _STRIDE // 8].tolist()


def _lock(folder: Path, workers: int) -> Implementation:
    memory = _memory()
    run = work(_loops(folder)["lock_loop"], [(memory.address,)] * workers)
    return threaded("librseq", "librseq, in C", run, counted(lambda: sum(_words(memory, _COUNTER_WORD))))


def _list(folder: Path, workers: int) -> Implementation:
    memory, nodes = _memory(), Memory(SLOT_BYTES * workers)
    addresses = [nodes.address + SLOT_BYTES * worker for worker in range(workers)]
    run = work(_loops(folder)["list_loop"], [(memory.address, address) for address in addresses], nodes)

    def missing(spans: Sequence[Span]) -> int:
        held = answered(spans)
        on_lists = [node for first in _words(memory) for node in _chain(first, nodes, len(spans))]
        for word in range(0, len(memory.words), _STRIDE // 8):
            memory.words[word] = 0
        return abs(len(spans) - held - len(set(on_lists)))

    return threaded("librseq", "librseq, in C: list", run, missing)


def _chain(first: int, nodes: Memory, most: int) -> list[int]:
    """The addresses of the nodes of a list; at most one more than there are, should it not end."""
    found: list[int] = []
    while first and len(found) <= most:
        found.append(first)
        first = nodes.words[(first - nodes.address) // 8]
    return found


def _ring(folder: Path, workers: int) -> Implementation:
    memory = _memory()
    run = work(_loops(folder)["ring_loop"], [(memory.address,)] * workers)
    grown = growth(lambda: sum(_words(memory)))

    def missing(spans: Sequence[Span]) -> int:
        return done(spans) - (answered(spans) * _ITEMS + grown())

    return threaded("librseq", "librseq, in C: memcpy", run, missing)
