"""FastAPI with prometheus-fastapi-instrumentator, as its documentation has it."""

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
Instrumentator().instrument(app).expose(app)


@app.get("/hello")
async def hello() -> str:
    return "hello"
