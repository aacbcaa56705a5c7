"""Live page: the first view in a browser, a score on its way to the screen, what a viewer costs the server.

The server is a process of its own with 20 viewers beside the browser. The peer is the same data in Streamlit
(bench/peers/streamlit) in its own environment. Without Chromium or that environment a part is "not run".
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx

from bench.peers import HERE
from bench.race import Options, Report, Row, Verdict, judge
from bench.storage import server

SUBJECT = "L  live page: first view, a score's way to the screen, cost of a viewer"

VIEWERS = 20
SETTLED = (
    "document.querySelector('main[aria-busy]') === null && /live|stale/.test(document.body.dataset.link)"
    " && document.querySelectorAll('.chart svg').length >= 5"
)
DRAWN = (
    "document.body.innerText.includes('all drawn')"
    " && document.querySelectorAll('[data-testid=stVegaLiteChart] :is(canvas, svg)').length >= 4"
)
WATCH = """
    new MutationObserver((_, watcher) => {
        if (window.settledMs || !document.body || !(CONDITION)) return;
        window.settledMs = performance.now(); watcher.disconnect();
    }).observe(document, {childList: true, subtree: true, attributes: true});
"""
SEEN = """
    window.seen = {};
    new MutationObserver(() => {
        const at = document.querySelector('[data-scope=BTCUSDT] time')?.getAttribute('datetime');
        if (!at || at in seen) return;
        seen[at] = [performance.timeOrigin + performance.now(), null];
        const painted = () => { seen[at][1] = performance.timeOrigin + performance.now() };
        requestAnimationFrame(() => setTimeout(painted));
    }).observe(document.getElementById('content'), {childList: true, subtree: true});
"""
BYTES = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, entry) => sum + entry.transferSize, 0)"
)


def run(options: Options) -> Iterable[Report]:
    from tests.web import browser, filled

    with server() as url:
        filled.fill(url)
        if browser.program():
            with browser.chromium() as tab:
                yield _first_view(url, tab, options)
                yield _to_the_screen(url, tab, options)
        else:
            absent = Verdict("first view and a score's way", None, 0, None, "Chromium is not installed")
            yield Report("L  in a browser", verdicts=[absent])
        yield _viewers(url, options)


def _first_view(url: str, tab: Any, options: Options) -> Report:
    """Loads with an empty cache in alternation with the peer's, until everything is drawn."""
    report = Report("L  first view, from an empty cache to all drawn", clock="wall")
    ours, theirs, size, peer_size = [], [], 0, 0
    with ExitStack() as opened:
        page, _ = opened.enter_context(_page(url))
        peer = opened.enter_context(_streamlit(url))
        for _ in range(3 if options.quick else options.rounds * options.repeats):
            taken, size = _load(tab, f"{page}/?lang=en#/desk/BTCUSDT/6h", SETTLED)
            ours.append(taken)
            if not peer.startswith("http"):
                continue
            taken, peer_size = _load(tab, peer, DRAWN)
            theirs.append(taken)
        size += len(
            httpx.get(f"{page}/api/desk").content
        )  # the first event, which the browser does not count
    missing = "" if theirs else peer
    report.rows = [_row("ours", ours), _row("streamlit 1.67, the same data", theirs, missing)]
    report.facts = {
        "bytes": f"{size:,} ours, {peer_size:,} the peer's",
        "files and answers": "first event counted",
    }
    report.verdicts = [judge("bytes of the first view in kB", size / 1e3, 400, options)]
    ratio = min(ours) / min(theirs) if theirs else None
    report.verdicts.append(judge("ours ≤ 0.5 × streamlit, time", ratio, 0.5, options, missing))
    share = size / peer_size if peer_size else None
    report.verdicts.append(judge("ours ≤ 0.1 × streamlit, bytes", share, 0.1, options, missing))
    if not options.quick:
        report.verdicts.append(judge("first view in s, median", statistics.median(ours), 1.0, options))
    return report


def _load(tab: Any, address: str, condition: str) -> tuple[float, int]:
    """Seconds from the navigation until all is drawn, and the bytes that came meanwhile."""
    tab.call("Network.setCacheDisabled", cacheDisabled=True)
    source = WATCH.replace("CONDITION", condition)
    watcher = tab.call("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
    tab.open(address)
    taken = tab.until("window.settledMs", patience_s=60.0)
    size = tab.ask(BYTES)
    tab.call("Page.removeScriptToEvaluateOnNewDocument", identifier=watcher)
    return taken / 1e3, int(size)


def _to_the_screen(url: str, tab: Any, options: Options) -> Report:
    """From the commit of a score to the changed page, with VIEWERS others told too."""
    with _page(url) as (address, began), _viewing(address):
        tab.open(f"{address}/?lang=en#/desk/BTCUSDT/6h")
        tab.until(SETTLED)
        tab.ask(SEEN)
        sent = [_judged(url, began) for _ in range(6 if options.quick else 60)]
        time.sleep(0.5)
        seen = tab.ask("window.seen")
    arrived = {_micros(datetime.fromisoformat(at)): told for at, told in seen.items()}
    pairs = [(arrived[key], at) for key, at in sent if key in arrived]
    in_page, painted = ([(told[i] - at * 1e3) / 1e3 for told, at in pairs if told[i]] for i in (0, 1))
    lost = len(sent) - len(pairs)
    report = Report(f"L  from the commit of a score to the screen, {VIEWERS} other viewers", clock="wall")
    report.rows = [_row("in the page", in_page), _row("painted", painted)]
    report.facts = {
        "scores not seen": str(lost),
        "worst": f"{max(painted, default=float('nan')) * 1e3:.0f} ms",
    }
    if lost > len(sent) // 10:
        report.verdicts.append(
            Verdict("scores reach the screen", None, 0, False, f"{lost} of {len(sent)} did not")
        )
    elif not options.quick:
        median = statistics.median(in_page) * 1e3
        report.verdicts.append(judge("server to screen, median in ms", median, 50, options))
    return report


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


def _judged(url: str, began: float) -> tuple[int, float]:
    """Score anew: the time that stands in the row, and the clock's when it was committed."""
    from risk.adapters import store
    from tests.web import filled

    time.sleep(0.25)
    at = filled.NOW + timedelta(seconds=time.time() - began)
    with store.connect(url) as db:
        for symbol, base in zip(filled.SYMBOLS, (64_050.0, 3_100.0), strict=True):
            store.save(db, filled.newest(symbol, base, at))
        filled.hold(db, at)
        filled.judge(db, at)
    return _micros(at), time.time()


def _viewers(url: str, options: Options) -> Report:
    """CPU of the server per viewer, told of each score, beside viewers that ask every time as panels do."""
    spans = 4 if options.quick else 24
    report = Report(
        f"L  CPU of the page's server, {VIEWERS} viewers, a score each 5 s", unit="score and viewer"
    )
    report.units = VIEWERS
    costs: dict[str, list[float]] = {"told": [], "each asks": []}
    for name, told in costs.items():
        with _page(url) as (address, began), ExitStack() as opened:
            if name == "told":
                opened.enter_context(_viewing(address))
            process = _process(address)
            for _ in range(spans):
                before, start = _cpu_s(process), time.monotonic()
                _judged(url, began)
                if name == "each asks":
                    for _ in range(VIEWERS):
                        httpx.get(f"{address}/api/desk").raise_for_status()
                time.sleep(max(0.0, (1.0 if options.quick else 5.0) - (time.monotonic() - start)))
                told.append(_cpu_s(process) - before)
    report.rows = [
        _row("a view read once, told to all", costs["told"]),
        _row("each viewer asks", costs["each asks"]),
    ]
    ratio = statistics.mean(costs["told"]) / statistics.mean(costs["each asks"])
    report.verdicts = [judge("told ≤ 0.5 × each asks", ratio, 0.5, options)]
    share = statistics.mean(costs["told"]) / 5.0 / VIEWERS * 100
    report.facts = {"of one core per viewer": f"{share:.3f} %"}
    if not options.quick:
        report.verdicts.append(judge("% of one core per viewer", share, 1.0, options))
    return report


def _row(name: str, times: Sequence[float], note: str = "") -> Row:
    return Row(name, min(times, default=None), statistics.median(times) if times else None, note)


@contextmanager
def _page(url: str) -> Iterator[tuple[str, float]]:
    """Address of a page's server of its own, and the time from which its clock runs."""
    port, began = _free_port(), time.time()
    with _serving([sys.executable, "-m", "bench.page_server", url, str(port)], f"http://127.0.0.1:{port}"):
        yield f"http://127.0.0.1:{port}", began


@contextmanager
def _streamlit(url: str) -> Iterator[str]:
    """Address of the peer's page, or in words why there is none."""
    python, port = HERE / "streamlit" / ".venv" / "bin" / "python", _free_port()
    if not python.exists():
        yield "streamlit is not installed (bench/peers/__init__.py says how)"
        return
    flags = [f"--server.port={port}", "--server.headless=true", "--server.address=127.0.0.1",
             "--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]  # fmt: skip
    command = [str(python), "-m", "streamlit", "run", str(HERE / "streamlit" / "app.py"), *flags, "--", url]
    with _serving(command, f"http://127.0.0.1:{port}"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serving(command: Sequence[str], address: str) -> Iterator[None]:
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    ) as child:
        try:
            end = time.monotonic() + 60
            while not _answers(address):
                assert child.poll() is None and time.monotonic() < end, f"{command} did not come up"
                time.sleep(0.05)
            yield
        finally:
            child.terminate()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _viewing(address: str) -> Iterator[None]:
    """VIEWERS open streams of events, read as they come."""
    stopping, ready = threading.Event(), threading.Barrier(VIEWERS + 1)
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(timeout=30, limits=limits) as client:

        def view() -> None:
            with client.stream("GET", f"{address}/api/events") as stream:
                frames = stream.iter_raw()
                next(frames)
                ready.wait(30)
                while not stopping.is_set() and next(frames, None) is not None:
                    pass

        threads = [threading.Thread(target=view, daemon=True) for _ in range(VIEWERS)]
        for each in threads:
            each.start()
        ready.wait(30)
        try:
            yield
        finally:
            stopping.set()
            for each in threads:
                each.join(10)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _process(address: str) -> Any:
    import psutil

    port = address.rsplit(":", 1)[1]
    return next(p for p in psutil.Process().children() if p.cmdline()[-1:] == [port])


def _cpu_s(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
