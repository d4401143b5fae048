"""The shop as an ASGI application: `rseq run -- uvicorn --workers 4 asgi:app`."""

from __future__ import annotations

import os

from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from shop import NotNextError, counted, take_order

app = FastAPI()


@app.post("/orders/{till}/{number}")
async def order(till: str, number: int) -> dict[str, object]:
    """Take an order of a till, once however often it is sent."""
    with counted("/orders"):
        try:
            return {"is_new": take_order(till, number), "worker": os.getpid()}
        except NotNextError as error:
            raise HTTPException(409, str(error)) from error


@app.get("/metrics")
async def metrics() -> Response:
    """The metrics of all workers. `rseq serve` has them as well, without a worker."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
