"""A record names its own kind: `ptr[Node]` and `ptr["Node"]` inside Node, where annotations are evaluated at once."""

# No `from __future__ import annotations` here: tests/language/test_index.py and others have it.

import textwrap
from typing import Any

import pytest

import rseq
from rseq import i64, index, prepared, ptr
from rseq._language.types import Index, Pointer


class Named(rseq.Record):
    next: ptr[Named]  # noqa: F821 - the body knows it
    value: i64


class Quoted(rseq.Record):
    next: ptr["Quoted"]
    value: i64


class Numbered(rseq.Record):
    next: index[Numbered]  # noqa: F821
    others: prepared[index["Numbered"][3]]
    more: ptr[Numbered][2]  # noqa: F821
    value: i64


class Head(rseq.Record):
    first: ptr[Quoted]


@pytest.mark.parametrize("record", [Named, Quoted])
def test_a_record_points_to_its_own_kind(record: Any) -> None:
    assert record.fields["next"].type == Pointer(record)
    assert record.size == 16
    assert record.__name__ not in vars(record)


def test_arrays_and_prepared_fields_name_it_too() -> None:
    types = {name: field.type for name, field in Numbered.fields.items()}
    assert types["next"] == Index(Numbered)
    assert (types["others"].element, types["others"].length) == (Index(Numbered), 3)
    assert Numbered.fields["others"].prepared
    assert (types["more"].element, types["more"].length) == (Pointer(Numbered), 2)


def test_its_own_name_means_itself_also_where_another_had_it_before() -> None:
    def made() -> Any:
        class Quoted(rseq.Record):
            next: ptr[Quoted]

        return Quoted

    assert made().fields["next"].type.target is not Quoted
    assert made().fields["next"].type.target.__qualname__.endswith("made.<locals>.Quoted")


def test_parameters_and_results_may_be_named_in_quotes() -> None:
    @rseq.sequence
    def push(cpu: Head, node: ptr["Quoted"], value: i64) -> ptr["Quoted"]:
        old = cpu.first
        node.next = old
        node.value = value
        cpu.first = node
        return old

    heads, nodes = rseq.percpu(Head), rseq.array(Quoted, 2)
    bound = push.bind(heads, nodes)
    assert bound(nodes[0], 3) is None
    assert bound(nodes[1], 4) in (None, nodes[0])
    assert list(nodes.values["value"]) == [3, 4]


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"], ids=["evaluated", "as texts"])
@pytest.mark.parametrize("type", ["ptr[Own]", 'ptr["Own"]', "index[Own]", 'index["Own"] | None', '"ptr[Own]"'])
def test_each_way_to_write_it_works_with_and_without_the_future_import(future: str, type: str) -> None:
    text = f"{future}import rseq\nfrom rseq import i64, index, ptr\n"
    text += f"class Own(rseq.Record):\n    next: {type}\n    value: i64\n"
    scope: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, "<own>", "exec", dont_inherit=True), scope)
    assert scope["Own"].fields["next"].type.target is scope["Own"]
    inside = textwrap.indent(text[len(future) :], "    ")
    scope = {"__name__": __name__}
    exec(compile(f"{future}def make():\n{inside}    return Own\n", "<own>", "exec", dont_inherit=True), scope)
    own = scope["make"]()
    assert own.fields["next"].type.target is own


def test_what_is_in_quotes_and_is_not_there_is_said() -> None:
    with pytest.raises(NameError, match="Missing"):

        class Broken(rseq.Record):
            next: ptr["Missing"]  # noqa: F821


def test_a_record_cannot_hold_itself() -> None:
    with pytest.raises(TypeError, match="record Endless, field 'own': it cannot hold itself"):

        class Endless(rseq.Record):
            own: Endless  # noqa: F821
