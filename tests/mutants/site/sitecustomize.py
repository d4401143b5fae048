"""What a child process of a test runs first: it loads the mutant that is tried, too."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("_mutant", Path(__file__).parent.parent / "load.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.install()
