"""Clients of the shop (examples/service): tills that send numbered orders, each one again until it is answered."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing

from services.running import until
from support import ThreadSet

TILLS = 8
_LIMIT_S = 120.0
_ORDERS_OF_A_CONNECTION = 25


class Tally:
    """What the tills have seen, all together. Threads: any."""

    def __init__(self) -> None:
        self.answered = 0
        self.failed = 0
        """How often the connection ended before the answer was here."""
        self.repeated = 0
        """Answers which say that the order had been counted before: it was, but the answer to that was lost."""
        self.workers: set[int] = set()
        """Who has answered."""
        self._actions: dict[int, Callable[[int], object]] = {}
        self._last = 0
        self._lock = threading.Lock()

    def at(self, counts: Iterable[int], action: Callable[[int], object]) -> None:
        """Have `action(worker)` called after so many answers, with one that is at work. Tills wait for it."""
        self._actions.update(dict.fromkeys(counts, action))

    def answer(self, said: Mapping[str, object]) -> None:
        """An answer has come."""
        with self._lock:
            self.answered += 1
            self.repeated += not said["is_new"]
            worker, self._last = self._last, int(str(said["worker"]))  # the one before is answering another till now
            self.workers.add(self._last)
            action = self._actions.pop(self.answered, None)
            if action is not None:
                action(worker)

    def failure(self) -> None:
        """None has come."""
        with self._lock:
            self.failed += 1


def sell(port: int, orders: int, tally: Tally) -> None:
    """Have the tills send so many orders, each till one after the other, until all are answered."""
    threads = ThreadSet()
    for till in range(TILLS):
        threads.start(_work, port, str(till), orders // TILLS + (till < orders % TILLS), tally)
    threads.join(5 * _LIMIT_S)


def _work(port: int, till: str, count: int, tally: Tally) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)) as connection:
        for number in range(count):
            if number % _ORDERS_OF_A_CONNECTION == 0:
                connection.close()  # the next one may lead to another worker
            while (said := _sent(connection, f"/orders/{till}/{number}")) is None:
                tally.failure()
                connection.close()
                until(lambda: _connected(connection), lambda: f"nobody listens on port {port} any more")
            tally.answer(said)


def _sent(connection: http.client.HTTPConnection, path: str) -> Mapping[str, object] | None:
    """The whole answer; None if the connection ended before it was here. Waiting for too long is an error."""
    try:
        connection.request("POST", path)
        response = connection.getresponse()
        body = response.read()
    except (ConnectionError, http.client.HTTPException):
        return None
    assert response.status == 200, (path, response.status, body)
    answer: Mapping[str, object] = json.loads(body)
    return answer


def _connected(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.connect()
    except ConnectionError:
        return False
    return True
