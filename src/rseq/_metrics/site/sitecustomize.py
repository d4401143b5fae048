"""What Python begins with under `rseq run`: has metrics live in a segment as soon as prometheus_client is imported.

This folder is on PYTHONPATH there, and RSEQ_METRICS names the segment. Nothing of rseq is loaded before
prometheus_client is, and nothing at all if it never is. A `sitecustomize` that this one hides is run as well.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLIENT = "prometheus_client"


class _Finder:
    """Finds prometheus_client where the others find it, and installs after it has been imported."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """The module's spec, as others make it."""
        if name != _CLIENT:
            return None
        others = [finder for finder in sys.meta_path if finder is not _Finder]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec: Any = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_install(module: Any) -> None:
                run(module)
                _install()

            spec.loader.exec_module = run_and_install
        return spec


def _install() -> None:
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _Finder]
    try:
        from rseq.metrics.prometheus import install
    except ModuleNotFoundError as error:
        text = f"`rseq run` has started {sys.executable}, which cannot import {error.name}: install rseq there"
        raise RuntimeError(text) from error
    install()


def _run_hidden() -> None:
    """Run the `sitecustomize` that would have been found if this folder were not on the path."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]
    spec: Any = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


if os.environ.get("RSEQ_METRICS") and __name__ == "sitecustomize":
    finders: list[Any] = sys.meta_path
    finders.insert(0, _Finder)
if __name__ == "sitecustomize":
    _run_hidden()
