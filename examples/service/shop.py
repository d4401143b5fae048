"""What the shop counts, for all the servers that it can run under. Nothing here knows of rseq.

A till numbers its orders 0, 1, 2 … and sends one again if it got no answer: the worker may have been killed before it
counted, or after. `take_order` counts each once all the same. It asks the counter, which is as old as the service and
not as the worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("shop_requests", "Requests that were begun.", ["path"])
IN_FLIGHT = Gauge("shop_requests_in_flight", "Requests being answered now.", multiprocess_mode="livesum")
SECONDS = Histogram("shop_request_seconds", "Time to answer a request.", ["path"])
ORDERS = Counter("shop_orders", "Orders taken, each once.", ["till"])


@contextmanager
def counted(path: str) -> Iterator[None]:
    """Count a request, and measure it."""
    REQUESTS.labels(path).inc()
    with IN_FLIGHT.track_inprogress(), SECONDS.labels(path).time():
        yield


class NotNextError(ValueError):
    """An order that is neither the till's next one nor its last one, sent again."""


def take_order(till: str, number: int) -> bool:
    """Take an order. False: it had been taken before. Raises: NotNextError. One after the other for each till."""
    taken = _orders_of(till)
    if number == taken - 1:
        return False
    if number != taken:
        raise NotNextError(f"till {till} has {taken} orders; got number {number}")
    ORDERS.labels(till).inc()
    return True


def _orders_of(till: str) -> int:
    (metric,) = ORDERS.collect()
    values = (
        sample.value
        for sample in metric.samples
        if sample.name == "shop_orders_total" and sample.labels["till"] == till
    )
    return int(next(values, 0))
