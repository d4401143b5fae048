"""Flask with prometheus-flask-exporter, as its documentation has it."""

from flask import Flask
from prometheus_flask_exporter import PrometheusMetrics

app = Flask(__name__)
metrics = PrometheusMetrics(app)


@app.get("/hello")
def hello() -> str:
    return "hello"
