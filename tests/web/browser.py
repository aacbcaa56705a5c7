"""Headless Chromium through its debugging protocol: open, wait, read the DOM, take a picture."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--hide-scrollbars",
    "--disable-features=BackForwardCache", "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE_S = 10.0


def program() -> str | None:
    """Chromium's path; None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, link: ClientConnection) -> None:
        self._link, self._numbers = link, count(1)
        self.said: list[str] = []  # console messages and faults
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result."""
        number = next(self._numbers)
        self._link.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._link.recv(timeout=PATIENCE_S))
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Runtime.exceptionThrown":
            self.said.append(json.dumps(message["params"]["exceptionDetails"])[:500])
        elif message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.said.append(message["params"]["entry"]["text"])

    def open(self, url: str, *, width: int = 1440, height: int = 900) -> None:
        """Load an address in a window of this size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """A JavaScript expression's value."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str, *, patience_s: float = PATIENCE_S) -> Any:
        """The expression's value once it is true."""
        end = time.monotonic() + patience_s
        tried = f"const v = ({expression}); return v instanceof Node ? true : v"
        while not (value := self.ask(f"(() => {{ try {{ {tried} }} catch {{ return null }} }})()")):
            assert time.monotonic() < end, f"never: {expression}; {self.said}; {self.text()[:600]}"
            time.sleep(0.03)
        return value

    def text(self) -> str:
        """What a reader sees."""
        return str(self.ask("document.body.innerText"))

    def picture(self, path: Path | None = None, *, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        options: dict[str, Any] = {"format": "png"}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            options["captureBeyondViewport"] = True
        image = base64.b64decode(self.call("Page.captureScreenshot", **options)["data"])
        if path is not None:
            path.write_bytes(image)
        return image


@contextmanager
def chromium() -> Iterator[Page]:
    """A browser with a fresh profile, and its tab."""
    with tempfile.TemporaryDirectory(prefix="risk-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program() or "chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            targets = httpx.get(f"http://127.0.0.1:{_port(Path(profile))}/json").json()
            tab = next(each for each in targets if each["type"] == "page")
            # between two tests nobody reads: a pong behind unread events would count as a dead browser
            with connect(tab["webSocketDebuggerUrl"], max_size=None, ping_interval=None) as link:
                yield Page(link)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


def _port(profile: Path) -> int:
    file, end = profile / "DevToolsActivePort", time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < end, "Chromium did not come up"
        time.sleep(0.05)
    return int(file.read_text().split()[0])
