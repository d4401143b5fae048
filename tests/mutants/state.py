"""What a run has found so far, in `.mutants/`: one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from .rules import Mutant
from .trial import TESTS, Verdict

__all__ = ["State"]

FOLDER = TESTS.parent / ".mutants"

_DEPENDS_ON = ("src/rseq", "tests/structures", "tests/mutants")


class State:
    """Verdicts by the mutant's name, of one text of the package and the tests; of a changed text all are tried anew."""

    def __init__(self, *, keep: bool) -> None:
        self._path = FOLDER / "verdicts.json"
        self._key = _digest(TESTS.parent)
        self._verdicts: dict[str, dict[str, str | None]] = {}
        self.right: list[str] = []
        """The rows that pass all checks as they are."""
        if self._path.exists():
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["key"] == self._key:
                self.right = found["right"]
            if keep or found["key"] == self._key:
                self._verdicts = found["verdicts"]

    def __getitem__(self, mutant: Mutant) -> Verdict:
        found = self._verdicts[mutant.name]
        return Verdict(found["check"], str(found["said"]))

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.name in self._verdicts

    def __setitem__(self, mutant: Mutant, verdict: Verdict) -> None:
        self._verdicts[mutant.name] = asdict(verdict)
        self._save()

    def note_right(self, row: str) -> None:
        """A row passes all checks as it is."""
        self.right.append(row)
        self._save()

    def _save(self) -> None:
        FOLDER.mkdir(exist_ok=True)
        found = {"key": self._key, "right": self.right, "verdicts": self._verdicts}
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
        new.replace(self._path)

    def drop_escaped(self, mutants: Iterable[Mutant]) -> None:
        """Forget those of `mutants` that nothing has caught."""
        for mutant in mutants:
            if mutant in self and self[mutant].check is None:
                del self._verdicts[mutant.name]


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for folder in _DEPENDS_ON:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
