"""What a run has found so far of a row, in `.mutants/`: one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from .plan import Row
from .rules import Mutant
from .trial import STRUCTURES, TESTS, Verdict

__all__ = ["State"]

FOLDER = TESTS.parent / ".mutants"

_CHECKS = ("_language", "_check", "_stress")
"""Folders of the package that decide what is caught, beside the row's own files and tests."""


class State:
    """Verdicts by the mutant's name. They are forgotten when what they depend on has changed, unless to be kept."""

    def __init__(self, row: Row, *, keep: bool) -> None:
        self._path = FOLDER / f"{row.name}.json"
        self._key = _digest(row)
        self._verdicts: dict[str, dict[str, str | None]] = {}
        self.is_right = False
        """If the row, as it is, has passed all checks."""
        if self._path.exists():
            found = json.loads(self._path.read_text(encoding="utf-8"))
            is_same = found["key"] == self._key
            self.is_right = is_same and found["right"]
            self._verdicts = found["verdicts"] if is_same or keep else {}

    def __getitem__(self, mutant: Mutant) -> Verdict:
        found = self._verdicts[mutant.name]
        return Verdict(found["check"], str(found["said"]))

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.name in self._verdicts

    def __setitem__(self, mutant: Mutant, verdict: Verdict) -> None:
        self._verdicts[mutant.name] = asdict(verdict)
        self._save()

    def note_right(self) -> None:
        """The row, as it is, passes all checks."""
        self.is_right = True
        self._save()

    def drop_escaped(self) -> None:
        """Forget those that nothing has caught."""
        self._verdicts = {name: found for name, found in self._verdicts.items() if found["check"] is not None}

    def _save(self) -> None:
        FOLDER.mkdir(exist_ok=True)
        found = {"key": self._key, "right": self.is_right, "verdicts": self._verdicts}
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
        new.replace(self._path)


def _digest(row: Row) -> str:
    digest = hashlib.sha256()
    for path in _files(row):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(row: Row) -> Iterator[Path]:
    for name in _CHECKS:
        yield from sorted((STRUCTURES.parent / name).rglob("*.py"))
    folder = STRUCTURES / row.name
    yield from sorted(folder.rglob("*.py")) or [folder.with_suffix(".py")]
    yield from (TESTS / test for test in row.tests)
