"""The shop as a WSGI application: `rseq run -- gunicorn -w 4 wsgi:app`."""

from __future__ import annotations

import os

from flask import Flask, Response, abort
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from shop import NotNextError, counted, take_order

app = Flask(__name__)


@app.post("/orders/<till>/<int:number>")
def order(till: str, number: int) -> dict[str, object]:
    """Take an order of a till, once however often it is sent."""
    with counted("/orders"):
        try:
            return {"is_new": take_order(till, number), "worker": os.getpid()}
        except NotNextError as error:
            abort(409, str(error))


@app.get("/metrics")
def metrics() -> Response:
    """The metrics of all workers. `rseq serve` has them as well, without a worker."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
