"""A page of `rseq serve` for tests: it looks when it is told to."""

from __future__ import annotations

from typing import Any

from rseq._serve.live import Live
from serve.conftest import Ask


class Page:
    """A page that looks when it is told to."""

    def __init__(self, ask: Ask, segment: str = "shop") -> None:
        self._client = ask(segment)
        self.live: Live = self._client.app.state.live  # type: ignore[attr-defined]

    def look(self, *moments: float) -> Page:
        """Look at these moments."""
        for at in moments:
            self.live.look(at)
        return self

    def get(self, path: str, status: int = 200, **parameters: object) -> Any:
        """What the API answers: JSON, or a sentence."""
        answer = self._client.get(f"/api/{path}", params=parameters)
        assert answer.status_code == status, answer.text
        return answer.json() if status == 200 else answer.text

    def rows(self, **parameters: object) -> dict[str, dict[str, Any]]:
        """The rows by name."""
        return {row["name"]: row for row in self.get("structures", **parameters)["rows"]}
