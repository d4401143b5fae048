"""A systems engineer looks at sequences from a terminal, a service engineer at segments."""

from __future__ import annotations

from refusals.made import Command

FILE = """
class Held(rseq.Record):
    count: i64

@rseq.inline
def twice(n: i64) -> i64:
    return 2 * n

@rseq.sequence
def put(cpu: Held, n: i64) -> None:
    cpu.count = twice(n)

@rseq.routine
def look(cpu: Held) -> i64:
    return rseq.lane(cpu, 0).count

def plain(n):
    return n

hits = rseq.Counter()
"""

ROWS = [
    Command("asm shop.py:pushed", "shop.py has no pushed; there are: add, look, put", "asm shop.py:put", "commit"),
    Command("asm shop.py:plain", "Decorate it with @rseq.sequence to make it one", "asm decorated.py:plain", "commit"),
    Command(
        "asm shop.py:hits", "Name its class, as in rseq:Counter; this one's is Counter", "asm rseq:Counter", "commit"
    ),
    Command("asm shop.py:Held", "There are: add, look, put", "asm shop.py:put", "commit"),
    Command("emit shop.py:twice", "name one of these", "emit shop.py:put", "#define"),
    Command("emit shop.py:look", "look calls none. A routine becomes", "emit shop.py:put", "#define"),
    Command("asm rseq.Counter", "write rseq:Counter", "asm rseq:Counter", "commit"),
    Command("asm ./shop:put", "expected MODULE:NAME, such as rseq:Counter or", "asm ./shop.py:put", "commit"),
    Command("check rseq.Counter", "write rseq:Counter", "check rseq:Counter", "violations: 0"),
    Command(
        "check shop.py:look",
        "calls no sequence, so there is nothing",
        "check shop.py:put",
        "violations: 0",
    ),
    Command("show shops", "there is no segment 'shops'; there is 'shop'", "show shop", "Counter"),
    Command("dump shop hits", "'hits' is a Counter, and no RingBuffer; its rings are log", "dump shop log", "started"),
]

DECORATED = """
@rseq.sequence
def plain(cpu: Cell, n: i64) -> None:
    cpu.value = n
"""
