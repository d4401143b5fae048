"""The command `rseq`. Each subcommand imports what it needs when it runs, so that `rseq info` works everywhere.

Nor is one imported before it runs, if it has a module of its own: `rseq --help` and `rseq info` are quick.
"""

from __future__ import annotations

import importlib
import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

import click

import rseq
from rseq._extras import MissingPackage
from rseq._terminal import WIDTH, commented, stdout_aside, terminal, wrapped

if TYPE_CHECKING:
    from rich.console import Console

    from rseq._arch.base import Architecture, IndexMode
    from rseq._language.compiled import Compiled
    from rseq._precompile import Precompiled
    from rseq._sequence import Sequence
    from rseq._thread.report import Info


class _Group(click.Group):
    """A group whose commands say in one sentence which package they lack."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MissingPackage as lack:
            raise click.ClickException(str(lack)) from None


class _Elsewhere(click.Command):
    """A command that has a module of its own: until it is used, only its name and its line of help are known."""

    def __init__(self, name: str, module: str, line: str) -> None:
        super().__init__(name, help=line)
        self._module = module

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        command: click.Command = getattr(importlib.import_module(f"rseq.{self._module}"), self.name or "")
        return command.make_context(info_name, args, parent, **extra)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH})
@click.version_option(rseq.__version__)
def main() -> None:
    """Restartable sequences for Python: per-CPU data without locks or atomics."""


_ROOMS = {
    "bench": "Measure per-CPU data here: rseq beside atomics and locks.",
    "check": "Interrupt sequences before every instruction of theirs.",
    "stress": "Work the structures hard on this kernel, and count.",
}
_LOOKS = {
    "ls": "List the segments that processes of this user share.",
    "rm": "Remove segments that nobody has open.",
    "show": "Print the structures in a segment, and what they say.",
    "top": "Watch a segment: totals, rates, quantiles, who holds what.",
    "dump": "Print the events that wait in a ring buffer.",
}
_METRICS = {"run": "Run a service whose workers share their metrics."}
_SERVE = {"serve": "Serve a segment to Prometheus and to browsers."}
ELSEWHERE = {
    **{name: f"_{name}.command" for name in _ROOMS},
    **{name: f"_look.{name}" for name in _LOOKS},
    **dict.fromkeys(_METRICS, "_metrics.command"),
    **dict.fromkeys(_SERVE, "_serve.command"),
}
"""The modules of commands that have one."""

for _name, _line in (*_ROOMS.items(), *_LOOKS.items(), *_METRICS.items(), *_SERVE.items()):
    main.add_command(_Elsewhere(_name, ELSEWHERE[_name], _line))


@main.command("info", short_help="Say what this machine has of restartable sequences.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def info_command(as_json: bool) -> None:
    """Say what this machine has of restartable sequences, and why something is missing."""
    from rseq._thread.report import info

    found = info()
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
        return
    console = terminal()
    if console:
        _print_tables(found, console)
    else:
        click.echo("\n".join(_plain_lines(found)))


@main.command("asm", short_help="Print the assembly of sequences, and what routines do.")
@click.argument("names", metavar="MODULE[:NAME]...", nargs=-1, required=True)
@click.option("--arch", metavar="NAME|all", help="The architecture, instead of this machine's.")
@click.option("--index", type=click.Choice(["cpu_id", "mm_cid"]), default="cpu_id", help="What chooses the lane.")
def asm_command(names: tuple[str, ...], arch: str | None, index: IndexMode) -> None:
    """Print the pseudo-code and the commented assembly of sequences, and the pseudo-code of routines.

    MODULE is a module or a .py file, NAME a sequence or a routine in it, or a structure: rseq:Counter, shop.py:push.
    Without NAME it is all that is made there. Of a routine, the sequences that it calls follow.
    """
    from rseq._named import NamedError, find_all
    from rseq._sequence import architectures

    try:
        chosen = architectures((arch,) if arch else ())
        with stdout_aside():
            codes = find_all(names).sequences.values()
            texts = [text for one in chosen for text in _listing(codes, one, index)]
    except (NamedError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n\n".join(texts))


def _listing(codes: Iterable[Compiled], architecture: Architecture, index: IndexMode) -> Iterator[str]:
    """The pseudo-code of routines, and the assembly of sequences and of those that they call, each once."""
    from rseq._named import called

    known = set[int]()
    for code in codes:
        if code.kind == "routine":
            yield "\n".join(f"{architecture.comment} {line}" for line in str(code.body).splitlines())
        for sequence in called(code):
            if id(sequence) not in known:
                known.add(id(sequence))
                yield _assembly(sequence, architecture, index)


def _assembly(sequence: Sequence[..., Any], architecture: Architecture, index: IndexMode) -> str:
    """The assembly of one of the sequences asked for, or why it is skipped."""
    from rseq._arch.base import RegisterError

    try:
        return commented(sequence.asm(architecture.name, index=index), architecture.comment)
    except RegisterError as error:
        return wrapped(f"skipped: {error.diagnostics[0].message}")


@main.command("emit", short_help="Write sequences as a C header that needs nothing else.")
@click.argument("names", metavar="MODULE[:NAME]...", nargs=-1, required=True)
@click.option("--language", type=click.Choice(["c"]), default="c", show_default=True, help="What to write.")
@click.option(
    "--arch", metavar="NAME|all", multiple=True, help="The architecture, instead of this machine's; may be repeated."
)
@click.option(
    "--prefix",
    metavar="NAME",
    help="What its C names begin with, instead of the names of the module and the structure.",
)
@click.option("--output", "-o", type=click.File("w", lazy=True), default="-", help="The file to write to.")
def emit_command(
    names: tuple[str, ...], language: str, arch: tuple[str, ...], prefix: str | None, output: TextIO
) -> None:
    """Write sequences as one C header that needs nothing else.

    MODULE is a module or a .py file, NAME a sequence in it, or a structure: rseq:Counter, shop.py:push. Without NAME it
    is all that is made there.
    """
    from rseq._emit import c_header, default_prefix
    from rseq._named import NamedError, find_all
    from rseq._sequence import architectures

    try:
        with stdout_aside():
            found = find_all(names)
        known = default_prefix(found.module.__name__, "", *found.owners)
        is_whole = len(names) == 1 and len(found.sequences) > 1
        single = "" if is_whole else "_".join(found.sequences)
        text = c_header(found.sequences, architectures(arch), known if prefix is None else prefix, name=single)
    except (NamedError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    output.write(text)


@main.command("cache", short_help="Say what is kept of compiled sequences; remove it.")
@click.option("--clear", is_flag=True, help="Remove all that is kept.")
@click.option(
    "--precompile", "names", multiple=True, metavar="MODULE[:NAME]", help="Compile and keep; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def cache_command(clear: bool, names: tuple[str, ...], as_json: bool) -> None:
    """Say what is kept of compiled sequences and where, remove it, or compile in advance.

    The folder is $RSEQ_CACHE_DIR, else $XDG_CACHE_HOME/rseq, else ~/.cache/rseq; if RSEQ_CACHE_DIR is empty, nothing is
    kept.
    """
    from rseq import _cache as cache

    removed = cache.clear() if clear else None
    made = _precompiled(names)
    found = cache.entries()
    about = {
        "path": cache.folder(),
        "entries": len(found),
        "bytes": sum(file.size for file in found),
        "limit_bytes": cache.LIMIT_BYTES,
        "refused": cache.refusal(),
    }
    if as_json:
        more = {"removed": len(removed)} if removed is not None else {}
        made_too = {"precompiled": [one._asdict() for one in made]} if names else {}
        click.echo(json.dumps({**about, **more, **made_too}, indent=2))
    else:
        click.echo("\n".join([*map(str, made), *_cache_lines(about, None if removed is None else len(removed))]))
    if not all(one.is_kept for one in made):
        raise click.exceptions.Exit(1)


def _precompiled(names: tuple[str, ...]) -> list[Precompiled]:
    if not names:
        return []
    from rseq._named import NamedError
    from rseq._precompile import precompile

    try:
        return precompile(*names)
    except (NamedError, RuntimeError) as error:
        raise click.ClickException(str(error)) from None


def _cache_lines(about: dict[str, Any], removed: int | None) -> Iterator[str]:
    yield f"folder   {about['path'] or 'none'}"
    if removed is not None:
        yield f"removed  {removed}"
    yield f"entries  {about['entries']}"
    yield f"size     {about['bytes'] / 1024:.0f} KiB, of at most {about['limit_bytes'] >> 20} MiB"
    if about["refused"]:
        yield f"not used, or not added to: {about['refused']}"


def _rows(found: Info) -> Iterator[tuple[str, str]]:
    """What there is, as a name and a value each."""
    yield "sequences run on", _lanes(found)
    yield "kernel", f"{found.system} {found.kernel}"
    yield "libc", found.libc
    yield "architecture", f"{found.architecture} ({'supported' if found.supported else 'not supported'})"
    yield "kernel has rseq", _yes(found.kernel_has_rseq) if found.kernel_answer else "not asked"
    yield "this thread", f"registered by {found.registered_by}" if found.registered else _unregistered(found)
    yield "__rseq_offset", _number(found.offset)
    yield "__rseq_size", _number(found.size)
    yield "usable size", f"{found.usable_size} bytes"
    yield "feature size", f"{found.feature_size} bytes, aligned to {found.feature_alignment}"
    yield "usable fields", ", ".join(found.fields) or "none"
    yield "fences", _yes(found.fences)
    yield "machine code", f"{found.code_file}: {', '.join(found.code_of)}" if found.code_file else "compiled when used"
    yield "CPUs", f"{found.possible_cpus} possible, {found.online_cpus} online"


def _lanes(found: Info) -> str:
    if found.registered:
        return "the lanes of their CPUs"
    no_code = found.executable_memory or not found.system.startswith("Linux")
    return "nothing here, see below" if no_code else "the spare lane, under a lock"


def _unregistered(found: Info) -> str:
    return "not registered" if found.registered_by == "nobody" else f"registered by {found.registered_by}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: int | None) -> str:
    return "libc has no such symbol" if value is None else str(value)


def _plain_lines(found: Info) -> Iterator[str]:
    """The report without colours or lines, each line within 80 columns."""
    width = max(len(name) for name, _ in _rows(found))
    for name, value in _rows(found):
        yield from textwrap.wrap(f"{name:<{width}}  {value}", WIDTH, subsequent_indent=" " * (width + 2))
    for what, sentence in found.missing:
        yield ""
        yield from textwrap.wrap(f"missing: {what}. {sentence}", WIDTH)


def _print_tables(found: Info, console: Console) -> None:
    from rich.table import Table

    width = min(console.width, WIDTH)
    present = Table("what", "here", title="restartable sequences", width=width)
    for row in _rows(found):
        present.add_row(*row)
    console.print(present)
    if found.missing:
        missing = Table("missing", "why, and what happens instead", width=width, show_lines=True)
        for row in found.missing:
            missing.add_row(*row)
        console.print(missing)
