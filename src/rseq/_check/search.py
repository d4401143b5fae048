"""Finds the cases that are worth trying: memory, and what operations are called with there.

It begins with what memory begins with, and runs the operations themselves, each again and again, until nothing changes:
that is how a stack becomes full, a queue turns over, a lock is held. From the memories that show something new it goes
on with the others. Where an operation compares a parameter, it is called with the number that it was compared with, and
with those beside it. Then come memories that are filled with numbers, reached or not, as far as the record does not say
that they cannot be. Kept is what has a feature
(see `trial`) that nothing before it had: a small set of cases which have all that any case has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from rseq._check.code import Operation
from rseq._check.flow import Flow
from rseq._check.states import IN_LANE, Arguments, Cases, Given, Pick
from rseq._check.trial import Feature, Trial, tried
from rseq._language.types import Pointer

STEPS = 40
"""How often one operation is run in a row."""

WALKED = 3
"""With how many of its arguments."""

NEAR = 12
"""Numbers that a parameter is given because it was compared with them."""


LEAST = 10
"""States that there are at least."""


class Case(NamedTuple):
    """An operation is called with something where memory is what it is; by their places in `Search`."""

    state: int
    given: int


@dataclass
class Search:
    """What was found for `operations` on one record, those that work on their own lane and `routines` on others'."""

    cases: Cases
    routines: Sequence[Operation] = ()
    trials: int = 5_000
    """How many runs it may take."""

    states: list[bytes] = field(default_factory=list)
    found: dict[Operation, list[Case]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._givens: dict[Operation, dict[Given, int]] = {}
        self._numbers: dict[bytes, int] = {}
        self._had: dict[Operation, set[Feature]] = {}
        self._tried: dict[object, Trial] = {}
        for operation in self.cases.operations:
            self._givens[operation] = {given: number for number, given in enumerate(self.cases.given(operation))}
            self._had[operation], self.found[operation] = set(), []
        self._kept: deque[bytes] = deque()
        self._others: deque[bytes] = deque()
        self._seen: dict[bytes, None] = {}
        self._search()

    # ---- what was found

    def givens(self, operation: Operation) -> list[Given]:
        """What `operation` is called with in some case."""
        return list(self._givens[operation])

    def arguments(self, operation: Operation, given: int, call: int) -> Arguments:
        """The same as the arguments of the run's call number `call`."""
        return self.cases.resolved(operation, self.givens(operation)[given], call)

    def place_of(self, operation: Operation, given: Given) -> int:
        """Where `given` stands in `givens`, from now on."""
        return self._givens[operation].setdefault(given, len(self._givens[operation]))

    def with_numbers(self, operation: Operation, numbers: Iterable[int]) -> Iterator[int]:
        """What it may be called with so that a parameter is one of these."""
        for number in numbers:
            for position, value in enumerate(operation.body.parameters):
                if self.cases.may_be(operation, value, number):
                    yield self.place_of(operation, _with(self.cases.first_given(operation), position, number))

    def near(self, operation: Operation, state: bytes) -> list[int]:
        """What it may be called with because it would compare a parameter with such numbers here."""
        return [self.place_of(operation, given) for given in self._near_ends(operation, state)]

    def _near_ends(self, operation: Operation, state: bytes) -> Iterator[Given]:
        """Beside small numbers and beside large ones."""
        for given in self.cases.ends(operation):
            yield from self._near(operation, given, state)

    def trial(self, operation: Operation, given: int, state: bytes, call: int = 0, lane: int | None = None) -> Trial:
        """What a whole run as the run's call number `call` comes to, on the lane where it is run, or another."""
        return self._try(operation, self.arguments(operation, given, call), state, lane)

    # ---- searching

    def _search(self) -> None:
        for state in self.cases.starts():
            self._look(state, keep=True)
        budget, self.trials = self.trials, self.trials * 2 // 3
        while (self._kept or self._others) and self._has_time():
            self._go_on((self._kept or self._others).popleft())
        self.trials = budget
        filled, grown = self.cases.filled(), [*self._seen]
        self.cases.led.update([*self.states, *grown])
        for state in filled:
            if self._has_time():
                self._look(state)
        for state in [*filled, *grown]:  # whatever the features do not tell
            if len(self.states) < LEAST and state not in self._numbers:
                self._number(state)

    def _number(self, state: bytes) -> int:
        number = self._numbers.setdefault(state, len(self._numbers))
        self.states += [state] if number == len(self.states) else []
        return number

    def _has_time(self) -> bool:
        return len(self._tried) < self.trials

    def _go_on(self, state: bytes) -> None:
        """Run each operation again and again from here."""
        for operation in self.cases.operations:
            for given in self.givens(operation)[:WALKED]:
                if self._has_time():
                    self._walk(state, operation, given)
            for given in self._kept_numbers(operation, state):
                self._walk(state, operation, given)

    def _walk(self, state: bytes, operation: Operation, given: Given) -> None:
        has_rows = any(isinstance(v.type, Pointer) for v in operation.body.parameters)
        for _ in range(STEPS):
            if has_rows and not self.cases.free_rows(operation, state):
                break
            trial = self._try(operation, self.cases.resolved(operation, given, IN_LANE), state)
            if trial.features - self._had[operation]:
                self._look(state)
            if not trial.ended or trial.shared == state or not self.cases.can_be(trial.shared):
                break
            state = trial.shared
        self._look(state)

    def _kept_numbers(self, operation: Operation, state: bytes) -> Iterator[Given]:
        """What it may be called with because such numbers are in the lane: a reader's position."""
        for position, value in enumerate(operation.body.parameters):
            if value in Flow(operation.body).kept:
                for number in dict.fromkeys(self.cases.numbers_of(state, self.cases.first)):
                    if self.cases.may_be(operation, value, number):
                        yield _with(self.cases.first_given(operation), position, number)

    def _look(self, state: bytes, *, keep: bool = False) -> None:
        """Try all operations with this memory, and keep it if that shows something new."""
        if state in self._seen:
            return
        self._seen[state] = None
        if self.states and not self.cases.targets:  # rows belong to lanes: then these stay where they are
            state = self.cases.beside(state, self.states[-1])
        found = [(operation, given) for operation in self.cases.operations for given in self._new(operation, state)]
        if found or keep:
            number = self._number(state)
            self._kept.append(state)
            for operation, given in found:
                self.found[operation].append(Case(number, self.place_of(operation, given)))
        else:
            self._others.append(state)

    def _new(self, operation: Operation, state: bytes) -> Iterator[Given]:
        """What shows something new of an operation here."""
        first = self.cases.given(operation)
        todo = deque([*first, *self._near_ends(operation, state)])
        known: set[Given] = set()
        while todo:
            given = todo.popleft()
            if given in known or (len(known) > len(first) and not self._has_time()):
                continue
            known.add(given)
            trial = self._try(operation, self.cases.resolved(operation, given, 0), state)
            features = self._shown(operation, given, trial)
            if features - self._had[operation]:
                self._had[operation] |= features
                yield given
                todo += self._near(operation, given, state)

    def _shown(self, operation: Operation, given: Given, trial: Trial) -> frozenset[Feature]:
        """What a routine does on other lanes than the first counts once: what matters happens there."""
        lanes = tuple(
            given[position]
            for position, value in enumerate(operation.body.parameters)
            if self.cases.is_lane(operation, value)
        )
        return frozenset([("elsewhere", lanes)]) if set(lanes) - {Pick(0)} else trial.features

    def _near(self, operation: Operation, given: Given, state: bytes) -> Iterator[Given]:
        """The same with one number replaced by one that it was compared with, or by one beside that."""
        flow = self._flows[operation]
        trial = self._try(operation, self.cases.resolved(operation, given, 0), state)
        for position, value in enumerate(operation.body.parameters):
            if value in flow.chosen:
                there = (trial.numbers[at] for at in sorted(trial.numbers) if value in flow.compared[at])
                numbers = dict.fromkeys(n + step for near in there for step in (0, -1, 1) for n in sorted(near))
                fitting = (number for number in numbers if self.cases.may_be(operation, value, number))
                for number in islice(fitting, NEAR):
                    yield _with(given, position, number)

    @cached_property
    def _flows(self) -> dict[Operation, Flow]:
        return {operation: Flow(operation.body) for operation in self.cases.operations}

    def _try(self, operation: Operation, arguments: Arguments, state: bytes, lane: int | None = None) -> Trial:
        lane = self.lane_of(operation) if lane is None else lane
        key = operation, arguments, lane, state
        if key not in self._tried:
            self._tried[key] = tried(self.cases, operation, arguments, lane, state)
        return self._tried[key]

    def lane_of(self, operation: Operation) -> int:
        """Sequences run on the first lane, and what crosses CPUs on the other."""
        return 1 - self.cases.first if operation in self.routines else self.cases.first


def _with(given: Given, position: int, number: int) -> Given:
    return (*given[:position], number, *given[position + 1 :])
