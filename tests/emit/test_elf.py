"""What compilers and linkers make of a header: descriptors where the kernel, the loader and the linker want them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import examples
from compilers import compile_for, compile_with, ways, write
from elf import Linked, descriptor_sections
from rseq import _arch as arch
from rseq._arch import Architecture

HOST = arch.host()
ARCHITECTURES = [one for one in map(arch.get, arch.names()) if one.pointer_bytes == 8]  # the sequences here are of i64

each_way = ways(lambda one: one in ARCHITECTURES)

UNIT = """
#include "push.h"
#include "pop.h"
#ifdef __cplusplus
#define SHARED extern "C" inline __attribute__((used, noinline))
#else
#define SHARED static __attribute__((used, noinline))
#endif
SHARED int shared(const struct rseq_lanes *lanes) {
    bool went;
    return shop_push(lanes, 1, &went);
}
int NAME(const struct rseq_lanes *lanes, int64_t *value);
int NAME(const struct rseq_lanes *lanes, int64_t *value) { return shop_pop(lanes, 0, value) + shared(lanes); }
"""


def write_units(folder: Path, spoil: Callable[[str], str] = lambda text: text) -> None:
    push, pop = (spoil(code.emit("all", prefix="shop")) for code in (examples.push, examples.pop))
    write(folder, push__h=push, pop__h=pop, one__c=UNIT.replace("NAME", "one"), two__c=UNIT.replace("NAME", "two"))


def objects(folder: Path, compiler: str, language: str, architecture: Architecture, *flags: str) -> list[Path]:
    for unit in ("one", "two"):
        as_language = ["-x", language, f"{unit}.c", "-o", f"{unit}.o"]
        compile_for(architecture, compiler, language, ["-fPIC", "-O1", *flags, "-c", *as_language], folder)
    return [folder / "one.o", folder / "two.o"]


def library(folder: Path, compiler: str, architecture: Architecture, *flags: str) -> Path:
    """Both units as a library, which may be loaded anywhere: no libc, so that there is one for each architecture."""
    arguments = ["-shared", "-nostdlib", *flags, "one.o", "two.o", "-o", "library.so"]
    compile_for(architecture, compiler, "c", arguments, folder)
    return folder / "library.so"


@each_way
def test_descriptors_are_writable_aligned_and_in_the_group_of_their_code(
    tmp_path: Path, compiler: str, architecture: Architecture
) -> None:
    write_units(tmp_path)
    for language in ("c", "c++"):
        for path in objects(tmp_path, compiler, language, architecture, "-ffunction-sections"):
            sections = descriptor_sections(path)
            assert [problem for section in sections for problem in section.problems()] == []
            has_group = [section.group is not None for section in sections]
            assert sorted(has_group) == ([False, True] if language == "c++" else [False])


@each_way
def test_a_library_may_be_loaded_anywhere_and_keeps_one_descriptor_for_each_section(
    tmp_path: Path, compiler: str, architecture: Architecture
) -> None:
    write_units(tmp_path)
    for language, expected in (("c", 4), ("c++", 3)):  # in C++ both units have one function in common
        objects(tmp_path, compiler, language, architecture, "-ffunction-sections")
        linked = Linked(library(tmp_path, compiler, architecture, "-Wl,--gc-sections"))
        assert list(linked.problems(architecture)) == []
        assert len(linked.descriptors) == expected


SPOILT = {
    "read-only": ("aw?", "a?", "cannot relocate"),
    "without its group": ("aw?", "aw", "goes when its code stays"),
    "not aligned": (".balign 32", ".balign 8", "aligned to 8"),
    "in the code": ('.pushsection __rseq_cs, \\"aw?\\"', ".subsection 1", "no descriptor"),
    "without a signature": (".long 0x53053053", ".long 0x53053054", "no signature"),
    "with the handler in the way": (".subsection 1", "jmp 1f", "in the way"),
    "of another version": (".long 0, 0", ".long 1, 0", "another version"),
    "that ends too late": ("3f - 2f", "3f - 2f + 0x100", "does not end in its function"),
}


@pytest.mark.arch("x86_64")
@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_header_is_noticed(tmp_path: Path, name: str) -> None:
    assert HOST is not None
    before, after, expected = SPOILT[name]

    def spoil(text: str) -> str:
        assert before in text
        text = text.replace(before, after)
        if name == "with the handler in the way":
            text = text.replace(".previous", "nop")
        return text.replace(".popsection", ".previous") if name == "in the code" else text

    write_units(tmp_path, spoil)
    problems: list[str] = []
    for path in objects(tmp_path, "gcc", "c++", HOST, "-ffunction-sections"):
        problems += [problem for section in descriptor_sections(path) for problem in section.problems()]
    if "goes when" not in expected:
        problems += Linked(library(tmp_path, "gcc", HOST, "-Wl,-z,notext")).problems(HOST)
    assert any(expected in problem for problem in problems), problems


def test_the_linker_refuses_two_units_whose_descriptors_are_in_no_group(tmp_path: Path) -> None:
    assert HOST is not None
    write_units(tmp_path, lambda text: text.replace("aw?", "aw"))
    objects(tmp_path, "gcc", "c++", HOST)
    with pytest.raises(AssertionError, match="discarded section"):
        library(tmp_path, "gcc", HOST)


@each_way
def test_what_is_not_used_leaves_no_descriptor_behind(
    tmp_path: Path, compiler: str, architecture: Architecture
) -> None:
    write_units(tmp_path)
    write(tmp_path, one__c='#include "push.h"\n#include "pop.h"\nint one;\n', two__c="int two;\n")
    objects(tmp_path, compiler, "c", architecture)
    assert Linked(library(tmp_path, compiler, architecture)).descriptors == []


def test_headers_for_several_architectures_refuse_others(tmp_path: Path) -> None:
    (other, *_) = (one for one in ARCHITECTURES if one is not HOST)
    write(tmp_path, push__h=examples.push.emit(other.name, prefix="shop"), one__c='#include "push.h"\n')
    with pytest.raises(AssertionError, match=rf"shop_push was made for {other.name}; make it again with --arch"):
        compile_with("gcc", "c", ["-c", "one.c"], tmp_path)
