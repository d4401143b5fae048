"""The memory handle: who keeps an item alive, and what may be asked for."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import weakref

import numpy as np
import pytest

from rseq._percpu.allocator import MAX_ITEM_BYTES
from rseq._percpu.memory import Memory, allocate
from rseq._percpu.segment import PAGE_BYTES
from rseq._thread.cpus import possible_cpus


def test_memory_is_zero_in_every_lane_and_each_view_is_live() -> None:
    memory = allocate(16)
    one, two = memory.view("i8", (2,)), memory.view("i8", (2,))
    assert one.shape == (possible_cpus() + 1, 2)
    assert not one.any()
    one[:] = np.arange(one.size).reshape(one.shape)
    assert two.tolist() == np.arange(one.size).reshape(one.shape).tolist()
    assert allocate(16).view("i8").sum() == 0


def test_the_view_shows_the_addresses_that_generated_code_uses() -> None:
    memory = allocate(16)
    view = memory.view("i8", (2,))
    assert [row.__array_interface__["data"][0] for row in view] == list(memory.place.addresses())
    assert view.flags.writeable
    assert not view.flags.owndata


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("u1", (24,)), ("u1", (2, 3, 4)), ("i8", (3,)), ("f4", (2, 2)), ("i8", ()), ("(3,)i8", ()), ("i4,f8", (2,))],
)
def test_a_view_has_any_dtype_and_shape_that_fits(dtype: str, shape: tuple[int, ...]) -> None:
    view = allocate(24).view(dtype, shape)
    assert view.shape == (possible_cpus() + 1, *shape, *np.dtype(dtype).shape)
    assert view.dtype == np.dtype(dtype).base


def test_a_view_outlives_everything_else() -> None:
    memory = allocate(8)
    base, handle = memory.place.base, weakref.ref(memory)
    part = memory.view("i8")[:-1].reshape(-1, 1)[:1]
    del memory
    gc.collect()
    assert handle() is not None
    part[:] = 42
    others = [allocate(8) for _ in range(100)]
    assert base not in [other.place.base for other in others]
    assert part.tolist() == [[42]]
    del part
    assert handle() is None


def test_dropping_the_handle_gives_the_memory_to_the_next() -> None:
    memory = allocate(8)
    base = memory.place.base
    memory.view("i8")[:] = -1
    del memory
    again = allocate(8)
    assert again.place.base == base
    assert not again.view("i8").any()


def test_memory_in_a_garbage_cycle_comes_back() -> None:
    class Holder:
        pass

    holder = Holder()
    holder.itself, holder.memory = holder, allocate(8)
    base = holder.memory.place.base
    del holder
    gc.collect()
    assert allocate(8).place.base == base


def test_memory_can_be_a_key_and_refers_to_no_user() -> None:
    memory = allocate(8)
    view = memory.view("i8")
    assert {memory: 1}[memory] == 1
    assert memory != allocate(8)
    assert not any(thing is view for thing in gc.get_referents(memory))


def test_what_is_kept_lives_as_long_as_the_memory() -> None:
    class Thing:
        pass

    memory, thing = allocate(8), Thing()
    alive = weakref.ref(thing)
    memory.keep(thing)
    memory.keep(thing)
    del thing
    assert alive() is not None
    del memory
    assert alive() is None


def test_every_counter_of_a_page_is_independent() -> None:
    memories = [allocate(8) for _ in range(PAGE_BYTES // 8)]
    for number, memory in enumerate(memories):
        memory.view("i8")[:] = number
    assert [set(memory.view("i8").tolist()) for memory in memories] == [{number} for number in range(len(memories))]


def test_repr_says_how_large_and_where() -> None:
    memory = allocate(24)
    lanes = possible_cpus()
    assert repr(memory) == f"<24 bytes in each of {lanes} lanes and a spare one at {memory.place.base:#x}>"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, f"nbytes: expected 1 … {MAX_ITEM_BYTES}, got 0"),
        ((-8,), ValueError, f"nbytes: expected 1 … {MAX_ITEM_BYTES}, got -8"),
        ((1 << 62,), ValueError, f"nbytes: expected 1 … {MAX_ITEM_BYTES}, got {1 << 62}"),
        ((8.0,), TypeError, "nbytes: expected an int, got 8.0"),
        ((True,), TypeError, "nbytes: expected an int, got True"),
        ((8, 3), ValueError, f"alignment: expected a power of two up to the page size, {PAGE_BYTES}; got 3"),
        ((8, 0), ValueError, f"alignment: expected a power of two up to the page size, {PAGE_BYTES}; got 0"),
        (
            (8, 2 * PAGE_BYTES),
            ValueError,
            f"alignment: expected a power of two up to the page size, {PAGE_BYTES}; got {2 * PAGE_BYTES}",
        ),
        ((8, "8"), TypeError, "alignment: expected an int, got '8'"),
    ],
)
def test_bad_sizes_are_refused(arguments: tuple[int, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        allocate(*arguments)


@pytest.mark.parametrize(
    ("dtype", "shape", "error", "message"),
    [
        ("i8", (2,), ValueError, "expected a dtype and shape of 1 … 8 bytes, got int64 (2,): 16"),
        ("i8", (0,), ValueError, "expected a dtype and shape of 1 … 8 bytes, got int64 (0,): 0"),
        ("O", (), TypeError, "per-CPU memory holds numbers, not references to Python objects; got dtype object"),
    ],
)
def test_bad_views_are_refused(dtype: str, shape: tuple[int, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        allocate(8).view(dtype, shape)


@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_memory_cannot_be_copied(how: object) -> None:
    assert callable(how)
    with pytest.raises(TypeError, match=r"^per-CPU memory cannot be pickled or copied: .* values of a view$"):
        how(allocate(8))


def test_the_handle_is_made_from_any_owner() -> None:
    class Owner:
        pass

    owner = Owner()
    alive = weakref.ref(owner)
    place = allocate(8).place
    memory = Memory(place, 8, owner)
    del owner
    assert alive() is not None
    del memory
    assert alive() is None
