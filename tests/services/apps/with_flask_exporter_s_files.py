"""Flask with prometheus-flask-exporter's class for gunicorn's workers, which wants a folder for files."""

from flask import Flask
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics

app = Flask(__name__)
metrics = GunicornInternalPrometheusMetrics(app)


@app.get("/hello")
def hello() -> str:
    return "hello"
