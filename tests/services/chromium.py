"""A headless Chromium that a test steers: DevTools' protocol over two pipes, so that no other package is needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60


def found() -> str | None:
    """Where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page of a browser. What it did not like (exceptions, refused loads) is in `complaints`."""

    def __init__(self, ours: int, theirs: int, process: subprocess.Popen[bytes]) -> None:
        self._ours, self._theirs, self._process = ours, theirs, process
        self._number, self._rest, self._session = 0, b"", ""
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its result."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            said["sessionId"] = self._session
        os.write(self._ours, json.dumps(said).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, f"{method}: {heard['error']}"
                result: dict[str, Any] = heard["result"]
                return result
            self._note(heard)

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._theirs], [], [], PATIENCE_S)
            assert ready, "the browser says nothing"
            part = os.read(self._theirs, 1 << 20)
            assert part, f"the browser has ended: {self._process.poll()}"
            self._rest += part
        first, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(first)
        return heard

    def _note(self, heard: dict[str, Any]) -> None:
        about = heard.get("params", {})
        if heard.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(about["exceptionDetails"]))
        if heard.get("method") == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])

    # ---- what tests do

    def open(self, url: str, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Go to a page, in a window of that size (CSS pixels), with that colour scheme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=url)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait for an expression to be true, looking at it each time that the page has drawn; its value.

        What it raises means that it is not true yet: what it is about may not be there.
        """
        tried = f"(() => {{ try {{ return {expression}; }} catch {{ return null; }} }})()"
        code = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))"
        end = time.monotonic() + PATIENCE_S
        while not (value := self.js(tried)):
            assert time.monotonic() < end, f"it did not come true: {expression}; {self.complaints}"
            self.js(code)
        return value

    def press(self, key: str, *, text: str = "", code: int = 0, shift: bool = False) -> None:
        """Press a key: Tab, Enter, Escape, or a letter."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        given = {"key": key, "windowsVirtualKeyCode": code or codes.get(key, ord(key[0].upper()))}
        given |= {"modifiers": 8 if shift else 0}
        text = text or {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", **given, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def tree(self) -> list[dict[str, Any]]:
        """What screen readers are told: role, name and properties of each node that is not ignored."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node.get("role", {}).get("value"),
                "name": node.get("name", {}).get("value", ""),
                **{one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            }
            for node in nodes
            if not node.get("ignored")
        ]

    def picture(self, path: Path) -> None:
        """Save all of the page as a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, which is gone afterwards."""
    program = found()
    assert program, "ask for `found()` first"
    with tempfile.TemporaryDirectory(prefix="rseq-chromium-", ignore_cleanup_errors=True) as profile:
        to_read, ours = os.pipe()
        theirs, to_write = os.pipe()
        process = _started(program, profile, to_read, to_write)
        os.close(to_read)
        os.close(to_write)
        try:
            yield Browser(ours, theirs, process)
        finally:
            os.close(ours)
            process.terminate()
            process.wait(PATIENCE_S)
            os.close(theirs)


def _started(program: str, profile: str, to_read: int, to_write: int) -> subprocess.Popen[bytes]:
    """Chromium, which reads from descriptor 3 and writes to 4."""
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    more = ("--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-extensions", "--hide-scrollbars")
    shell = f'exec {program} "$@" 3<&{to_read} 4>&{to_write}'
    command = ["bash", "-c", shell, program, *flags, *more]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, pass_fds=(to_read, to_write), **quiet)  # type: ignore[call-overload,no-any-return]
