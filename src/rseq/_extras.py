"""Packages that rseq can do without: what each is for, and the extra that brings it.

`rseq._once.load` asks here when one is wanted: whoever lacks it gets one sentence. The extras and the oldest versions
are those of pyproject.toml; pip lets any version stand where no extra was asked for.
"""

from __future__ import annotations

import os
import sys

# By module: the package, the oldest version, the extra, and what it is needed for.
PACKAGES = {
    "numpy": ("NumPy", "2.0", "numpy", "to make arrays"),
    "llvmlite": ("llvmlite", "0.50", "compiler", "to compile sequences"),
    "platformdirs": ("platformdirs", "4.0", "compiler", "to keep what was compiled"),
    "numba": ("Numba", "0.68", "numba", "to work inside @njit functions"),
    "click": ("click", "8.1", "cli", "to run as a command"),
    "rich": ("rich", "13.7", "cli", "to print tables"),
    "unicorn": ("Unicorn", "2.1", "check", "to run sequences in an emulator"),
    "ziglang": ("ziglang", "0.13", "check", "to compile for another architecture"),
    "matplotlib": ("matplotlib", "3.9", "bench", "to draw"),
    "prometheus_client": ("prometheus_client", "0.20", "metrics", "to share its metrics"),
    "starlette": ("Starlette", "0.40", "serve", "to serve a segment"),
    "uvicorn": ("uvicorn", "0.30", "serve", "to serve a segment"),
    "opentelemetry": ("opentelemetry-sdk", "1.36", "opentelemetry", "to share OpenTelemetry's metrics"),
    "distributed": ("distributed", "2025.1", "distributed", "to count over a Dask cluster"),
    "fastapi": ("FastAPI", "0.115", "bench", "to be measured with metrics"),
    "cereggii": ("cereggii", "1.0", "bench", "to be measured beside it"),
}


class MissingPackage(ModuleNotFoundError):
    """A package that an extra brings is not installed, or too old. `name` is that of its module."""


def missing(module: str) -> MissingPackage:
    """What to raise where the module of a package above is not found."""
    package, _, extra, purpose = PACKAGES[module]
    advice = f"{purpose}, rseq needs {package}, which is not installed: {install(extra)}"
    return MissingPackage(advice, name=module)


def require_version(module: str) -> None:
    """Look if the package of a module that was imported is new enough; what does not say its version is.

    Raises: MissingPackage - it is not.
    """
    top = module.partition(".")[0]
    found = vars(sys.modules[top]).get("__version__", "") if top in PACKAGES else ""
    if found and _numbers(found) < _numbers(PACKAGES[top][1]):
        package, oldest, extra, purpose = PACKAGES[top]
        advice = f"{purpose}, rseq needs {package} {oldest} or later, not {found}: {install(extra)}"
        raise MissingPackage(advice, name=top)


def install(extra: str) -> str:
    """The command that brings an extra, which pip reads where the package came from.

    pip leaves a package that is installed as it is, and gets what is missing or too old.
    """
    folder, is_edited = _checkout()
    option = "-e " if is_edited else ""
    return f"pip install {option}'{folder or 'rseq'}[{extra}]'"


def _checkout() -> tuple[str, bool]:
    """The folder that the package was installed from, if it is there, and whether its files are used where they are."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import unquote

    try:
        origin = json.loads(distribution("rseq").read_text("direct_url.json") or "{}")
        folder, options = unquote(origin.get("url", "")).removeprefix("file://"), origin.get("dir_info")
    except PackageNotFoundError:  # it runs from its sources
        folder, options = os.path.abspath(__file__).rpartition("/src/")[0], {"editable": True}
    if options is None or not folder or not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        return "", False
    return folder, bool(options.get("editable"))


def _numbers(version: str) -> list[int]:
    """The first two numbers of a version, which decide."""
    return [int(part) for part in version.split(".")[:2] if part.isdecimal()]
