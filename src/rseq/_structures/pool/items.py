"""How the items of a pool are held: one word for each, and what each CPU knows of those that are free.

    lane 0                                                        lane 1                      …   spare lane
    | count | batch | gap | cursor | cached | hints … |  states … |   | … hints … |  states … |   | …
                                              ^^^^^                      ^^^^^^
                              numbers of items that were free            one word for each item of this lane

    a state:  | generation: 30 bits | held, cached or neither | owner: 32 bits |

The truth about an item is its state, one word, which is only ever changed by compare-and-exchange: free, or held by an
owner. So no item can be held twice, none can be lost, and whoever is killed at whatever instruction leaves each item
either free or held under his own name. `recover` then finds what he held.

Everything else is a hint, and makes it fast. Each CPU has a short stack of items that were free when they were put
there, the last one released on top: `acquire` pops one, and changes a state that nobody else is interested in and that
lies in this CPU's cache. A hint that is wrong (another CPU took the item) costs an attempt. A CPU without hints looks
at the states, from a place of its own on: it takes an item that is free, and makes hints of free ones behind it, a
batch of them (they are marked as cached then, so that others prefer items that are not). If there are only cached items
left, it takes one of those, whosever hint it is. So no free item is out of reach: `acquire` finds nothing only if it
has seen each item held.

Items are numbered through; those of a lane are a power of two, so that few lengths are ever compiled. A generation
counts how often an item was released. A ticket is an item's number and its generation: it is good for one release.

Assumptions: none on the scheduler; hints may be lost or doubled, and states are changed atomically. Nobody keeps a
ticket while its item is released 2**30 times more.
The road not taken: free lists that are the truth, moved in batches to and from a central one. They need no atomic
instruction while a CPU has items, but what a killed process has popped and not yet put down in writing would be
nobody's, and what lies in another CPU's list would be out of reach, or take a thousand times as long to get.
"""

from __future__ import annotations

from rseq._builtins.form import Form
from rseq._quick import cache, partial
from rseq._structures.pool.states import first_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes


@cache
def items(shift: int) -> Form:
    """The form of pools whose lanes have `1 << shift` items."""
    return Form(f"items {shift}", partial(_parse, shift))


def _parse(shift: int) -> Mapping[str, Compiled]:
    from rseq._structures.pool.items_code import code

    found = code(shift)._asdict()
    del found["record"]
    return dict(found)


def write(lanes: Lanes, count: int) -> None:
    """Write that."""
    for words in first_words(len(lanes), count):
        lanes.write_one(*words)
