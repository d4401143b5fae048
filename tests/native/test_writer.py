"""The words of machine code: each does what it says, in functions that are compiled and called."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from rseq._codegen import python
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.writer import DOUBLE, I8, I32, I64, NULL, PTR, VOID, Writer

NUMBERS = {I8: ctypes.c_int8, I32: ctypes.c_int32, I64: ctypes.c_int64, DOUBLE: ctypes.c_double, PTR: ctypes.c_void_p}


def compiled(write: Any, returns: Any, *parameters: Any) -> Any:
    """The function that `write(emit, *arguments)` writes."""
    code = BlobEnvironment.new("test")
    emit = code.function("f", returns, parameters)
    write(emit, *emit.arguments)
    kinds = [NUMBERS[type] for type in (returns, *parameters)]
    return ctypes.CFUNCTYPE(*kinds)(code.loaded(["f"]).entries["f"])


def test_a_plain_number_is_a_constant_of_the_other_operands_type() -> None:
    def write(emit: Writer, a: Any, b: Any) -> None:
        wide = emit.add(emit.fit(a, I64, signed=True), 1)
        emit.ret(emit.sub(emit.mul(3, wide), b))

    assert compiled(write, I64, I32, I64)(-5, 7) == 3 * -4 - 7


@pytest.mark.parametrize(("number", "signed", "expected"), [(-1, True, -1), (-1, False, 255), (5, True, 5)])
def test_a_number_that_is_made_wider_keeps_its_sign_if_it_has_one(number: int, signed: bool, expected: int) -> None:
    assert compiled(lambda emit, a: emit.ret(emit.fit(a, I64, signed=signed)), I64, I8)(number) == expected


@pytest.mark.parametrize(("signed", "expected"), [(True, 1), (False, 2)])
def test_numbers_are_compared_without_their_signs_unless_these_are_asked_for(signed: bool, expected: int) -> None:
    def write(emit: Writer, a: Any) -> None:
        emit.ret(emit.choose(emit.compare(a, "<", 0 if signed else 1, signed=signed), I64(1), 2))

    assert compiled(write, I64, I64)(-1) == expected


def test_a_loop_is_a_label_to_which_its_end_jumps_with_values() -> None:
    def write(emit: Writer, last: Any) -> None:
        again = emit.label("again", I64, I64)
        emit.jump(again, 1, 0)
        turn, total = emit.here(again)
        grown = emit.add(total, turn)
        with emit.if_(emit.compare(turn, "<", last)):
            emit.jump(again, emit.add(turn, 1), grown)
        emit.ret(grown)

    assert compiled(write, I64, I64)(10) == 55


def test_ways_that_meet_bring_their_values() -> None:
    def write(emit: Writer, a: Any) -> None:
        met = emit.label("met", I64)
        with emit.if_(a):
            emit.jump(met, 7)
        other = emit.label("other")
        emit.branch(emit.compare(a, "==", 0), other, met, 9)
        emit.here(other)
        emit.jump(met, emit.add(a, 8))
        emit.ret(*emit.here(met))

    function = compiled(write, I64, I64)
    assert [function(3), function(0)] == [7, 8]


def test_both_ways_of_a_condition_and_its_opposite() -> None:
    def write(emit: Writer, a: Any) -> None:
        answer = emit.slot(I64)
        with emit.if_else(a) as (then, otherwise):
            with then:
                emit.store(I64(1), answer)
            with otherwise:
                emit.store(I64(2), answer)
        with emit.unless(emit.compare(a, "==", 4)):
            emit.ret(emit.load(answer))
        emit.ret(3)

    function = compiled(write, I64, I64)
    assert [function(5), function(0), function(4)] == [1, 2, 3]


def test_memory_is_reached_by_pointers_and_by_addresses_in_any_type() -> None:
    def write(emit: Writer, place: Any, address: Any) -> None:
        emit.store(I8(-1), place, 1)
        emit.store(I64(5), address, 8, order="release")
        emit.store(emit.load(emit.item(place, 1, I64), order="acquire"), emit.item(address, 2, I64))
        emit.ret(emit.load(place, 0, I32))

    words = (ctypes.c_uint64 * 3)()
    start = ctypes.addressof(words)
    assert compiled(write, I32, PTR, I64)(start, start) == 0xFF00
    assert list(words) == [0xFF00, 5, 5]


def test_an_exchange_says_whether_it_was_done_and_an_addition_what_was_there() -> None:
    def write(emit: Writer, word: Any) -> None:
        first, second = (emit.fit(emit.exchange_if(word, I64(3), 4), I64) for _ in range(2))
        before = emit.add_atomically(word, 10)
        emit.ret(emit.add(emit.add(emit.mul(first, 100), emit.mul(second, 1000)), before))

    word = ctypes.c_uint64(3)
    assert compiled(write, I64, PTR)(ctypes.addressof(word)) == 104
    assert word.value == 14


def test_functions_of_the_process_are_called_by_name_by_address_and_with_an_open_number_of_arguments() -> None:
    def write(emit: Writer, buffer: Any, length_of: Any) -> None:
        emit.call("snprintf", I32, buffer, 16, emit.text("%d-%ld"), I32(12), 34, fixed=3)
        emit.ret(emit.call_at(length_of, I64, buffer))

    buffer = ctypes.create_string_buffer(16)
    strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
    assert compiled(write, I64, PTR, PTR)(ctypes.addressof(buffer), strlen) == 5
    assert buffer.value == b"12-34"


def test_a_helper_is_written_once() -> None:
    written: list[object] = []

    def twice(emit: Writer, a: Any) -> None:
        written.append(a)
        emit.ret(emit.mul(a, 2))

    def write(emit: Writer, a: Any) -> None:
        for _ in range(2):
            a = emit.run(emit.process.helper("twice", I64, [I64], twice), a)
        emit.ret(a)

    assert compiled(write, I64, I64)(5) == 20
    assert len(written) == 1


def raising(write: Any) -> Any:
    """A function of Python that `write(emit, argument)` writes."""
    code = BlobEnvironment.new("python")
    emit = code.function("f", PTR, [PTR])
    write(emit, *emit.arguments)
    entry = code.loaded(["f"]).entries["f"]
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(entry)


def test_an_exception_has_a_text_with_any_letters_and_values() -> None:
    function = raising(lambda emit, thing: python.fail(emit, "PyExc_ValueError", "für %R: 100%% – %R", thing, thing))
    with pytest.raises(ValueError, match=r"^für 'ä': 100% – 'ä'$"):
        function("ä")


def test_none_is_returned_as_a_reference_and_others_are_let_go() -> None:
    def write(emit: Writer, thing: Any) -> None:
        python.keep(emit, thing)
        python.let_go(emit, thing, NULL)
        is_text = emit.compare(python.type_of(emit, thing), "==", emit.symbol("PyUnicode_Type"))
        with emit.unless(is_text):
            python.fail(emit, "PyExc_TypeError", "no text")
        emit.ret(python.none(emit))

    function = raising(write)
    assert function("text") is None
    with pytest.raises(TypeError, match=r"^no text$"):
        function(b"text")


def test_what_kind_of_exception_is_set_can_be_asked() -> None:
    def write(emit: Writer, thing: Any) -> None:
        with emit.unless(emit.call("PyNumber_Index", PTR, thing)):
            with emit.if_(python.is_raised(emit, "PyExc_TypeError")):
                emit.call("PyErr_Clear", VOID)
                emit.ret(python.none(emit))
            emit.ret(NULL)
        emit.ret(python.none(emit))

    class Broken:
        def __index__(self) -> int:
            raise KeyError("broken")

    function = raising(write)
    assert function("no number") is None
    with pytest.raises(KeyError):
        function(Broken())
