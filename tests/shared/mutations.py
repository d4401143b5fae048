"""Changes to a segment's file by somebody who knows its format: what is checked by a digest has a right one.

An `Image` is a file in memory. Each function in MUTATIONS changes one, and says what it did.
"""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rseq._percpu.mutex import MUTEX_BYTES
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.shared import directory, layout
from rseq._percpu.shared.directory import Block, Entry
from rseq._percpu.threads import TABLE_BYTES

WORDS = (0, 1, 2, 7, 8, 63, 64, 4095, 4096, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 47, 1 << 62, 1 << 63)
_VALUES = (0, 1, 3, -1, 4, 5, 9, 300, 2**31, 2**63, 2**70, 1.5, "x", "cpu_id", "mm_cid", None, True, [], [1], {}, [[1]])
_FIELDS = ([["a", "<u4"]], [["a"]], [["a", "O"]], [["a", "<u4", [2]]], [1], [["a", [["b", "u1"]]]])
_DTYPES = ("O", "<u4", "V3", "V0", "|S3", *_FIELDS)
_BOUNDS = ([], [1, 1], [2, 1], ["x"], [float("nan")], list(range(600)), [1, 2, 6])
_TEXTS = ("[" * 10_000, "{}", "1", '{"args":[]}', '{"args":{}}', "", "\0")
_PLACE = (1 << 48) - 1
_OWNER = (1 << 30) - 1  # FUTEX_TID_MASK of linux/futex.h


class Image:
    """The pages of a file that exist."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self.pages: dict[int, bytearray] = {}
        fd = os.open(path, os.O_RDONLY)
        place = 0
        while place < self.size:
            try:
                place = os.lseek(fd, place, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(fd, place, os.SEEK_HOLE)
            for page in range(place, end, PAGE_BYTES):
                self.pages[page] = bytearray(os.pread(fd, PAGE_BYTES, page))
            place = end
        os.close(fd)
        self.used = sorted(page for page, data in self.pages.items() if any(data))

    def copy(self) -> Image:
        """Another one, to be changed."""
        other: Image = Image.__new__(Image)
        other.size, other.used = self.size, self.used
        other.pages = {page: bytearray(data) for page, data in self.pages.items()}
        return other

    def write(self, path: Path) -> None:
        """Make a file of it."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.ftruncate(fd, self.size)
        for page, data in self.pages.items():
            if page < self.size:
                os.pwrite(fd, data[: self.size - page], page)
        os.close(fd)

    def read(self, at: int, nbytes: int) -> bytes:
        """Bytes of it; 0 where there are none."""
        first, end = at & -PAGE_BYTES, at + nbytes
        data = b"".join(bytes(self.pages.get(page, bytes(PAGE_BYTES))) for page in range(first, end, PAGE_BYTES))
        return data[at - first :][:nbytes]

    def put(self, at: int, data: bytes) -> None:
        """Write bytes into it."""
        while data:
            page, start = at & -PAGE_BYTES, at % PAGE_BYTES
            part = data[: PAGE_BYTES - start]
            self.pages.setdefault(page, bytearray(PAGE_BYTES))[start : start + len(part)] = part
            at, data = at + len(part), data[len(part) :]

    def word(self, at: int) -> int:
        """A u64."""
        return int(struct.unpack("<Q", self.read(at, 8))[0])

    def put_word(self, at: int, value: int) -> None:
        """Write a u64."""
        self.put(at, struct.pack("<Q", value % (1 << 64)))

    # ---- the directory

    def index(self) -> list[int]:
        """Where the words of the index are that are not 0."""
        end = layout.INDEX_AT + 8 * sum(layout.LEVELS)
        pages = [page for page in self.pages if layout.INDEX_AT <= page < end]
        places = (at for page in sorted(pages) for at in range(page, page + PAGE_BYTES, 8))
        return [at for at in places if self.word(at)]

    def entry(self, at: int) -> Entry:
        """The entry that a word of the index leads to."""
        place = layout.LOG_AT + (self.word(at) & _PLACE)
        size = struct.unpack("<I", self.read(place, 4))[0]
        return directory._unpacked(self.read(place, min(size, 1 << 20)))

    def put_entry(self, at: int, entry: Entry) -> None:
        """Have a word of the index lead to that entry, at the log's end, with a right digest and hash."""
        place = max(self.word(layout.LOG_USED_AT), 64)
        data = directory._packed(entry)
        self.put(layout.LOG_AT + place, data)
        self.put_word(layout.LOG_USED_AT, place + (len(data) + 7 & -8))
        self.put_word(at, place | directory._tag(entry.name))

    # ---- the extents

    def extents(self) -> list[int]:
        """Where the words of extents are that are not 0."""
        places = range(layout.EXTENTS_AT, layout.EXTENTS_AT + 8 * layout.MAX_EXTENTS, 8)
        return [at for at in places[:64] if self.word(at)]


def _number(rng: random.Random, near: int = 0, bits: int = 64) -> int:
    """A number that hurts: a limit, near the old one, or any."""
    kind = rng.randrange(4)
    if kind == 0:
        found = rng.choice(WORDS) + rng.choice((-1, 0, 1))
    elif kind == 1:
        found = near + rng.choice((-PAGE_BYTES, -64, -8, -1, 1, 8, 64, PAGE_BYTES))
    elif kind == 2:
        found = near ^ 1 << rng.randrange(bits)
    else:
        found = rng.getrandbits(bits)
    return found % (1 << bits)


def header(rng: random.Random, image: Image) -> str:
    """A field of the header."""
    fields = {8: 4, 12: 4, 16: 4, 20: 4, 24: 8, 32: 8, 40: 8, 56: 8, 64 + rng.randrange(16) * 4: 4, 130: 4}
    at, nbytes = rng.choice([*fields.items(), (20, 4), (24, 8)])
    old = int.from_bytes(image.read(at, nbytes), "little")
    new = _number(rng, old, 8 * nbytes)
    if at == 20 and rng.random() < 0.7:
        new = rng.choice((1, 3, 4, 64, 1 << 16))
    if at == 24 and rng.random() < 0.7:
        new = rng.choice((1, 2, 16, 1 << 20, 1 << 28)) * PAGE_BYTES
    image.put(at, new.to_bytes(nbytes, "little"))
    return f"header at {at}: {new:#x}"


def magic(rng: random.Random, image: Image) -> str:
    """The first bytes."""
    image.put(rng.randrange(8), bytes([rng.randrange(256)]))
    return "magic"


def counters(rng: random.Random, image: Image) -> str:
    """A word of the header that changes: the end, the log's end, how many have no name."""
    at = rng.choice((layout.END_AT, layout.LOG_USED_AT, layout.NUMBERED_AT))
    new = _number(rng, image.word(at))
    if rng.random() < 0.3:
        new &= -PAGE_BYTES
    image.put_word(at, new)
    return f"word at {at}: {new:#x}"


def extent_word(rng: random.Random, image: Image) -> str:
    """An extent somewhere else, larger, smaller, overlapping another one, or not there."""
    words = image.extents()
    at, other = rng.choice(words), image.word(rng.choice(words))
    old = image.word(at)
    offset, stride, plain = old & 0xFFFFFFFF, old >> 32 & 0x7FFFFFFF, old >> 63
    kind = rng.randrange(7)
    if kind == 0:
        offset = _number(rng, offset, 32)
    elif kind == 1:
        stride = _number(rng, stride, 31)
    elif kind == 2:
        plain ^= 1
    elif kind == 3:
        offset = (other & 0xFFFFFFFF) + rng.randrange(4)
    elif kind == 4:
        offset, stride = rng.randrange(layout.DATA_AT // PAGE_BYTES), rng.randrange(1, 8)
    elif kind == 5:
        offset, stride, plain = 0, 0, 0
    else:
        stride = max(stride - rng.randrange(1, 80), 1)
    image.put_word(at, offset | stride << 32 | plain << 63)
    return f"extent {(at - layout.EXTENTS_AT) // 8}: {offset}, {stride}, {plain}"


def extent_swap(rng: random.Random, image: Image) -> str:
    """Two extents in each other's place, or one twice, or very many of them."""
    words = image.extents()
    one, two = rng.choice(words), rng.choice(words)
    if rng.random() < 0.2:
        for number in range(layout.MAX_EXTENTS):
            image.put_word(layout.EXTENTS_AT + 8 * number, image.word(one))
        return "as many extents as there may be"
    first, second = image.word(one), image.word(two)
    image.put_word(one, second)
    if rng.random() < 0.6:
        image.put_word(two, first)
    return "extents swapped"


def extent_page(rng: random.Random, image: Image) -> str:
    """The mutex of an extent, or how much of it is used."""
    first = (image.word(rng.choice(image.extents())) & 0xFFFFFFFF) * PAGE_BYTES
    if rng.random() < 0.4:
        new = _number(rng, image.word(first + MUTEX_BYTES))
        image.put_word(first + MUTEX_BYTES, new)
        return f"used: {new:#x}"
    at, number = first + 4 * rng.randrange(MUTEX_BYTES // 4), _number(rng, 0, 32)
    if at == first and Path(f"/proc/{number & _OWNER}").exists():
        return "a mutex that a living thread is said to hold: others wait for ever, as docs/shared.md says"
    image.put(at, struct.pack("<I", number))
    return f"word {at - first} of a mutex"


def index_word(rng: random.Random, image: Image) -> str:
    """A word of the index: another place, another hash, swapped, doubled, zero."""
    words = image.index()
    at, other = rng.choice(words), rng.choice(words)
    old = image.word(at)
    kind = rng.randrange(5)
    if kind == 0:
        image.put_word(at, old & ~_PLACE | _number(rng, old & _PLACE, 48))
    elif kind == 1:
        image.put_word(at, old ^ rng.getrandbits(16) << 48)
    elif kind == 2:
        image.put_word(at, image.word(other))
        image.put_word(other, old)
    elif kind == 3:
        image.put_word(rng.choice(words) + 8 * rng.randrange(1, 8), old)
    else:
        image.put_word(at, _number(rng, old))
    return f"index word {at}, kind {kind}"


def index_full(rng: random.Random, image: Image) -> str:
    """A level of the index without a place that is free."""
    words = image.index()
    for at in range(layout.INDEX_AT, layout.INDEX_AT + 8 * layout.LEVELS[0], 8):
        if not image.word(at):
            image.put_word(at, image.word(rng.choice(words)))
    return "a full level"


def entry_raw(rng: random.Random, image: Image) -> str:
    """Bytes of an entry, whose digest is wrong then."""
    place = layout.LOG_AT + (image.word(rng.choice(image.index())) & _PLACE)
    at = place + rng.choice((0, rng.randrange(40), rng.randrange(200)))
    image.put(at, rng.randbytes(rng.choice((1, 2, 4))))
    return f"an entry's bytes at {at - place}"


def entry_lengths(rng: random.Random, image: Image) -> str:
    """A length in an entry, with a right digest."""
    place = layout.LOG_AT + (image.word(rng.choice(image.index())) & _PLACE)
    size = struct.unpack("<I", image.read(place, 4))[0]
    data = bytearray(image.read(place, min(size, 1 << 20)))
    at = rng.choice((0, 24, 26, 28, 30, 32))
    nbytes = 4 if at in (0, 32) else 2
    data[at : at + nbytes] = _number(rng, int.from_bytes(data[at : at + nbytes], "little"), 8 * nbytes).to_bytes(
        nbytes, "little"
    )
    head, rest = bytes(data[8 : directory._ENTRY.size]), bytes(data[directory._ENTRY.size :])
    data[4:8] = struct.pack("<I", directory.crc32(rest, directory.crc32(head)))
    image.put(place, bytes(data))
    return f"a length at {at}"


def block(rng: random.Random, image: Image) -> str:
    """A block of memory elsewhere: in another extent, beyond its end, of another length; or more or fewer of them."""
    at = rng.choice(image.index())
    entry = image.entry(at)
    blocks = [list(one) for one in entry.blocks]
    kind = rng.randrange(5)
    if kind == 0:
        blocks[rng.randrange(len(blocks))][0] = rng.choice((0, 1, 2, 63, 4095, 4096, 1 << 31))
    elif kind == 1:
        one = rng.choice(blocks)
        one[1] = rng.choice((_number(rng, one[1]), one[1] + 8, rng.randrange(1 << 18) & -8))
    elif kind == 2:
        one = rng.choice(blocks)
        one[2] = _number(rng, one[2])
    elif kind == 3:
        blocks = rng.choice(([], blocks[:-1], blocks * 2, blocks * 20))[:8]
    else:
        blocks = [list(one) for one in image.entry(rng.choice(image.index())).blocks]
    image.put_entry(at, entry._replace(blocks=tuple(Block(*one) for one in blocks)))
    return f"{entry.name}: blocks {blocks}"


def kind(rng: random.Random, image: Image) -> str:
    """An entry of another kind, or of none."""
    at = rng.choice(image.index())
    entry = image.entry(at)
    other = image.entry(rng.choice(image.index())).kind
    new = rng.choice(
        (other, other, other, other, "", "Segment", "__class__", "info", "\0", "é" * 99, "Counter\x1b[31m")
    )
    image.put_entry(at, entry._replace(kind=new))
    return f"{entry.name}: kind {new!r}"


def name(rng: random.Random, image: Image) -> str:
    """An entry of another name."""
    at = rng.choice(image.index())
    entry = image.entry(at)
    new = rng.choice(("", "\0", "x" * 1000, "\x1b[2J", "#1 Counter", image.entry(rng.choice(image.index())).name))
    image.put_entry(at, entry._replace(name=new))
    return f"{entry.name}: name {new!r}"


def spec(rng: random.Random, image: Image) -> str:
    """What an entry says that a structure was made with: other numbers, other types, too much, no JSON."""
    at = rng.choice(image.index())
    entry = image.entry(at)
    try:
        given: dict[str, Any] = json.loads(entry.spec)
        args = given["args"]
        args.update()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{entry.name}: no JSON, left as it is"
    how = rng.randrange(8)
    if how <= 2 and args:
        args[rng.choice(sorted(args))] = rng.choice(_VALUES)
    elif how == 3:
        args[rng.choice(("index", "segment", "name", "self", "dtype", "bounds", "x"))] = rng.choice(_VALUES)
    elif how == 4:
        given["layout"] = rng.choice((0, -1, None, [], given["layout"] + 1))
    elif how == 5 and "dtype" in args:
        args["dtype"] = rng.choice(_DTYPES)
    elif how == 6:
        args.clear()
    else:
        args["bounds"] = rng.choice(_BOUNDS)
    text = rng.choice((json.dumps(given, separators=(",", ":")), json.dumps(given)))
    text = rng.choice((text, text, text, text, text[:-1], *_TEXTS))
    image.put_entry(at, entry._replace(spec=text))
    return f"{entry.name}: spec {text[:60]}"


def swap(rng: random.Random, image: Image) -> str:
    """One structure's entry under another one's name."""
    at, other = rng.choice(image.index()), rng.choice(image.index())
    entry = image.entry(at)
    image.put_entry(at, image.entry(other)._replace(name=entry.name))
    return f"{entry.name} is {image.entry(other).name}"


def content(rng: random.Random, image: Image) -> str:
    """Words in a structure's memory."""
    entry = image.entry(rng.choice(image.index()))
    if not entry.blocks:
        return "nothing"
    which = rng.choice(entry.blocks)
    word = image.word(layout.EXTENTS_AT + 8 * which.extent)
    first, stride = (word & 0xFFFFFFFF) * PAGE_BYTES + PAGE_BYTES, (word >> 32 & 0x7FFFFFFF) * PAGE_BYTES
    lanes = 1 if word >> 63 else min(struct.unpack("<I", image.read(20, 4))[0], 8) + 1
    whole = rng.random() < 0.3
    at = rng.choice((0, 8, 16, 24, rng.randrange(which.nbytes) & -8)) % which.nbytes & -8
    new = _number(rng, 0) if rng.random() < 0.7 else rng.randrange(40)
    for lane in range(lanes) if whole else [rng.randrange(lanes)]:
        start = first + lane * stride + which.offset
        if rng.random() < 0.15:
            image.put(start, rng.randbytes(min(which.nbytes, 256)))
        else:
            image.put_word(start + at, new)
    return f"{entry.name}: word {at} is {new:#x}{' in all lanes' if whole else ''}"


def table(rng: random.Random, image: Image) -> str:
    """A word of the table of threads: how many slots are used, a mutex, a generation, a process."""
    places = 0, 8 * rng.randrange(512), 128 + 8 * rng.randrange(16), rng.randrange(TABLE_BYTES) & -8
    at = layout.TABLE_AT + rng.choice(places)
    new = _number(rng, image.word(at))
    image.put_word(at, new)
    return f"table at {at - layout.TABLE_AT}: {new:#x}"


def processes(rng: random.Random, image: Image) -> str:
    """Who has it open."""
    image.put(layout.PROCESSES_AT + rng.randrange(256), rng.randbytes(64))
    return "processes"


def truncated(rng: random.Random, image: Image) -> str:
    """The file ends at some page, or in the middle of one, or behind."""
    pages = [0, *image.pages, layout.DATA_AT, image.size + PAGE_BYTES]
    image.size = rng.choice((rng.choice(pages), rng.choice(pages) + rng.randrange(PAGE_BYTES), rng.choice(pages[:3])))
    return f"size {image.size}"


def hole(rng: random.Random, image: Image) -> str:
    """A page of it is gone."""
    page = rng.choice(list(image.pages))
    del image.pages[page]
    return f"no page at {page}"


def bits(rng: random.Random, image: Image) -> str:
    """Bits flipped anywhere."""
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        page = image.pages[rng.choice(image.used)]
        page[rng.randrange(PAGE_BYTES)] ^= 1 << rng.randrange(8)
    return "bits"


def page(rng: random.Random, image: Image) -> str:
    """A page of noise, zeros, or of another place."""
    at = rng.choice(list(image.pages))
    new = rng.choice((rng.randbytes(PAGE_BYTES), bytes(PAGE_BYTES), bytes(image.pages[rng.choice(image.used)])))
    image.pages[at] = bytearray(new)
    return f"page {at}"


MUTATIONS: tuple[Callable[[random.Random, Image], str], ...] = (
    header,
    magic,
    counters,
    extent_word,
    extent_word,
    extent_swap,
    extent_page,
    index_word,
    index_full,
    entry_raw,
    entry_lengths,
    block,
    block,
    kind,
    name,
    spec,
    spec,
    swap,
    content,
    content,
    content,
    content,
    table,
    processes,
    truncated,
    hole,
    bits,
    page,
)


def mutated(image: Image, seed: int) -> tuple[Image, str]:
    """A copy with one change or a few; what they were."""
    rng = random.Random(seed)
    changed = image.copy()
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = rng.choice(MUTATIONS)
        try:
            said.append(f"{change.__name__}: {change(rng, changed)}")
        except (ValueError, IndexError, KeyError, TypeError, struct.error):  # of an earlier change
            said.append(f"{change.__name__}: not possible")
    return changed, "; ".join(said)
