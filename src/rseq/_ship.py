"""What makes the files that come with the package (_shipped.py): `python -m rseq._ship FOLDER [NAME …]`.

Each is for an architecture and a layout of Python's objects; it is made on any machine, as LLVM knows all of them.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rseq import _arch as arch
from rseq._builtins.form import RECORD, bundle_name, plain
from rseq._builtins.make import make
from rseq._builtins.texts import texts_of
from rseq._layout import KNOWN, here
from rseq._loader import plain as plain_blob
from rseq._metrics.own.forms import shipped_forms as metrics_forms
from rseq._metrics.own.gauge import Gauge
from rseq._metrics.own.kinds import Counter, Histogram, Summary
from rseq._metrics.series import Value
from rseq._percpu.lanes import fields_of
from rseq._ready import made
from rseq._shipped import FACTS, MAGIC, PLAIN, file_name
from rseq._structures.forms import Shipped, shipped_forms
from rseq._structures.shipped import shipped
from rseq._structures.structure import declarations_of, kind_of
from rseq._thread import support

_MARSHAL_VERSION = 4  # every Python from 3.4 on reads it


def files() -> list[tuple[str, str]]:
    """Architecture and layout of each file."""
    return [(machine, layout) for machine in arch.names() if arch.get(machine).is_shipped for layout in KNOWN]


def fixed(machine: str, layout: str) -> Iterator[tuple[str, Any]]:
    """What is the same for all forms: bundles, by name."""
    how: dict[str, Any] = {"architecture": arch.get(machine), "layout": KNOWN[layout]}
    for name, home in _READY.items():
        yield name, plain_blob(made(name, home, **how))
    for structure in (*shipped(), Counter, Gauge, Histogram, Summary, Value):
        kind = kind_of(structure)
        yield f"methods {kind.name}", plain_blob(made(f"methods {kind.name}", "rseq._builtins.hot", kind, **how))
        yield f"texts {kind.name}", texts_of(declarations_of(kind))


_READY = {
    "common": "rseq._builtins.common",
    "guard": "rseq._percpu.guard_code",
    "atomic": "rseq._percpu.atomic_code",
    "sums": "rseq._percpu.sums_code",
    "gauges": "rseq._metrics.own.gauge_code",
}
"""What is the same in every process, and the modules that write it."""

_FRONT = ("common", "methods Counter", "texts Counter", "cell i64 / cpu_id")
"""What most programs use first."""


def of_form(wanted: Shipped, machine: str, layout: str) -> Iterator[tuple[str, Any]]:
    """The bundles of a form."""
    how: dict[str, Any] = {"architecture": arch.get(machine), "layout": KNOWN[layout]}
    form, builtins, indexes = wanted
    for index, has_rseq in [*((index, True) for index in indexes), (indexes[0], False)]:
        parts: dict[str, Any] = {RECORD: tuple(fields_of(form.record))}
        for name, dimensions in builtins:
            part = form.part(name)
            parts[part.key(dimensions)] = plain(make(part.code, index, dimensions, has_rseq=has_rseq, **how))
        yield bundle_name(form.name, index, has_rseq=has_rseq), parts


def all_forms() -> list[Shipped]:
    """Those of the structures, and of metrics."""
    return [*shipped_forms(), *metrics_forms()]


def facts(machine: str) -> dict[str, Any]:
    """What a process asks about its architecture before it compiles anything."""
    return {name: getattr(arch.get(machine), name) for name in support.FACTS}


def _some(number: int, wanted: list[tuple[str, str]]) -> list[list[tuple[str, Any]]]:
    """The bundles of a form for each file, or those that have none: one process's work, which parses the form once."""
    forms = [None, *all_forms()]
    form = forms[number]
    return [list(fixed(*one) if form is None else of_form(form, *one)) for one in wanted]


def write(folder: str, wanted: list[tuple[str, str]]) -> Iterator[Path]:
    """Make files, each as a whole or not at all; their paths."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    count = 1 + len(all_forms())
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_some, range(count), [wanted] * count))
    for number, (machine, layout) in enumerate(wanted):
        path = Path(folder, file_name(machine, layout))
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.write_bytes(
            packed(facts(machine), dict(chain.from_iterable(part[number] for part in parts)), _FRONT)
        )
        yield unfinished.replace(path)


def packed(facts: Mapping[str, Any], bundles: Mapping[str, Any], front: Container[str] = ()) -> bytes:
    """A file's contents. What is in a bundle is made of tuples, dicts, texts, bytes and numbers.

    Those named in `front` are not compressed: importing `zlib` takes longer than reading them.
    """
    known = {name: marshal.dumps(contents, _MARSHAL_VERSION) for name, contents in {FACTS: facts, **bundles}.items()}
    parts = {name: (PLAIN, data) for name, data in known.items() if name == FACTS or name in front}
    front_bytes = sum(len(data) for _, data in parts.values())
    first: dict[str, str] = {}
    for name, data in known.items():
        if name not in parts:
            kin = "".join(letter for letter in name if not letter.isdigit())
            like = name.replace("/ mm_cid", "/ cpu_id")
            base = like if like != name and like in known else first.setdefault(kin, name)
            base = "" if base == name else base
            parts[name] = base, _compressed(data, known.get(base, b""))
    index, at = b"\n", 0
    for name, (how, data) in parts.items():
        index += f"{name}\t{at}\t{len(data)}\t{how}\n".encode()
        at += len(data)
    lengths = len(index).to_bytes(4, "little") + front_bytes.to_bytes(4, "little")
    return b"".join([MAGIC, lengths, index, *(data for _, data in parts.values())])


def _compressed(data: bytes, base: bytes) -> bytes:
    how = zlib.compressobj(9, zdict=base) if base else zlib.compressobj(9)
    return how.compress(data) + how.flush()


def main(arguments: Iterable[str]) -> None:
    """Make the files that are named, those of the architectures that are named, this process's ("here"), or all."""
    folder, *names = arguments
    os.environ["RSEQ_CACHE_DIR"] = ""  # what is shipped is compiled now
    own = here()
    names += [file_name(os.uname().machine, own.name)] if "here" in names and own is not None else []
    wanted = [one for one in files() if not names or file_name(*one) in names or one[0] in names]
    for path in write(folder, wanted) if wanted else ():
        print(path, os.path.getsize(path))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
