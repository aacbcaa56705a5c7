"""Scripted faults: each kind shows itself on the wire as it should, and goes when it is cleared."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from risk.errors import SettingsError
from risk.simulator.faults import FaultPlan, fault, read_script
from risk.simulator.signing import API_KEY, API_SECRET, hmac_hex
from tests.conftest_simulator import RunningSimulator, launch
from tests.simulator.test_streams import is_silent, listening, receive

BTC = {"symbol": "BTCUSDT"}
DEPTH = "/fapi/v1/depth"
MARK = "/fapi/v1/premiumIndex"


@pytest.fixture(scope="module")
def process() -> Iterator[RunningSimulator]:
    """A simulator for this module's faults."""
    running = launch("--account", "flat", "--request-limit", "1000000")
    yield running
    running.stop()


@pytest.fixture
def faulty(process: RunningSimulator) -> Iterator[RunningSimulator]:
    """The same, whole again after each test."""
    process.control("fault", method="DELETE")
    process.control("forgive")
    yield process
    process.control("fault", method="DELETE")
    process.control("forgive")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"status": 503, "body": "overload"}, 503, -1008),
        ({"status": 503, "body": "unknown"}, 503, -1000),
        ({"status": 408, "body": "timeout"}, 408, -1007),
        ({"status": 451, "body": "geo"}, 451, 0),
    ],
)
def test_a_status_carries_its_documented_body(
    faulty: RunningSimulator, options: dict[str, Any], status: int, code: int
) -> None:
    faulty.control("fault", {"kind": "status", "path": DEPTH, **options})
    answer = faulty.get(DEPTH, **BTC)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert faulty.get(MARK, **BTC).status_code == 200  # other paths are well


def test_a_percentage_strikes_that_often(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "status", "path": MARK, "percent": 30})
    seen = [faulty.get(MARK, **BTC).status_code for _ in range(100)]
    # Binomial(100, 0.3): 10 to 50 is more than four standard deviations on either side.
    assert 10 <= seen.count(503) <= 50
    assert seen.count(200) == 100 - seen.count(503)


@pytest.mark.parametrize(
    ("options", "check"),
    [
        ({"how": "truncated"}, lambda body: body.startswith(b'{"symbol"') and not body.endswith(b"}")),
        ({"how": "html"}, lambda body: body.startswith(b"<!DOCTYPE")),
        ({"how": "empty"}, lambda body: body == b""),
        ({"how": "null"}, lambda body: body == b"null"),
        ({"how": "wrong_type"}, lambda body: isinstance(json.loads(body), list)),
        ({"how": "renamed", "field": "markPrice"}, lambda body: "markPrice" not in json.loads(body)),
        (
            {"how": "value", "field": "markPrice", "value": "NaN"},
            lambda body: json.loads(body)["markPrice"] == "NaN",
        ),
        ({"how": "extra"}, lambda body: json.loads(body)["fieldOfTomorrow"] == "1"),
        ({"how": "huge"}, lambda body: len(body) > 20_000_000),
    ],
)
def test_bodies_are_malformed_as_asked(
    faulty: RunningSimulator, options: dict[str, Any], check: Callable[[bytes], bool]
) -> None:
    faulty.control("fault", {"kind": "malformed", "path": MARK, **options})
    assert check(faulty.get(MARK, **BTC).content)


def test_a_reset_ends_the_connection_inside_the_body(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "reset", "path": DEPTH})
    with pytest.raises(httpx.RemoteProtocolError):
        faulty.get(DEPTH, **BTC, limit=1000)


def test_a_hang_outlasts_the_caller(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "hang", "path": DEPTH})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{faulty.rest}{DEPTH}?symbol=BTCUSDT", timeout=0.3, trust_env=False)


def test_a_delay_comes_before_the_answer(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "delay", "path": DEPTH, "seconds": 0.4})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{faulty.rest}{DEPTH}?symbol=BTCUSDT", timeout=0.2, trust_env=False)
    assert faulty.get(DEPTH, **BTC).status_code == 200


@pytest.mark.parametrize(("wait", "header"), [(7, "7"), (None, None)])
def test_429_comes_with_and_without_retry_after(
    faulty: RunningSimulator, wait: int | None, header: str | None
) -> None:
    faulty.control("fault", {"kind": "limit", "path": DEPTH, "retry_after": wait})
    answer = faulty.get(DEPTH, **BTC)
    assert (answer.status_code, answer.json()["code"]) == (429, -1003)
    assert answer.headers.get("Retry-After") == header


def test_a_ban_names_its_end_and_covers_every_path(faulty: RunningSimulator) -> None:
    now = faulty.state()["now_ms"]
    faulty.control("fault", {"kind": "ban", "seconds": 120})
    answer = faulty.get(DEPTH, **BTC)
    assert answer.status_code == 418
    until = int(answer.json()["msg"].split("banned until ")[1].split(".")[0])
    assert until - now == pytest.approx(120_000, abs=5_000)
    assert faulty.get(MARK, **BTC).status_code == 418


@pytest.mark.parametrize("code", [-2015, -2014, -1022])
def test_keys_are_refused_as_asked(faulty: RunningSimulator, code: int) -> None:
    faulty.control("fault", {"kind": "key", "code": code})
    assert faulty.signed("/fapi/v3/account").json()["code"] == code
    assert faulty.get(DEPTH, **BTC).status_code == 200


@pytest.mark.parametrize("skew_ms", [30_000, -30_000])
def test_a_skewed_clock_shows_and_refuses(faulty: RunningSimulator, skew_ms: int) -> None:
    true_ms = faulty.state()["now_ms"]
    faulty.control("fault", {"kind": "clock_skew", "ms": skew_ms})
    shown = faulty.get("/fapi/v1/time").json()["serverTime"]
    assert shown - true_ms == pytest.approx(skew_ms, abs=5_000)
    query = f"timestamp={faulty.state()['now_ms']}"
    url = f"{faulty.rest}/fapi/v3/account?{query}&signature={hmac_hex(query, API_SECRET)}"
    assert httpx.get(url, headers={"X-MBX-APIKEY": API_KEY}, trust_env=False).json()["code"] == -1021
    assert faulty.signed("/fapi/v3/account").status_code == 200  # stamped with the shown clock


def test_a_delisted_contract_is_unknown_and_others_are_not(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "delist", "symbol": "SOLUSDT"})
    assert faulty.get(MARK, symbol="SOLUSDT").json()["code"] == -1121
    assert {row["symbol"] for row in faulty.get(MARK).json()} == {"BTCUSDT", "ETHUSDT"}


def test_maintenance_closes_rest_and_handshakes(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "maintenance"})
    assert faulty.get(DEPTH, **BTC).status_code == 503
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{faulty.stream}/public/ws", proxy=None)
    assert refused.value.response.status_code == 503


@pytest.mark.parametrize("status", [403, 418, 429, 503])
def test_handshakes_are_refused_as_asked(faulty: RunningSimulator, status: int) -> None:
    faulty.control("fault", {"kind": "handshake", "path": "/public", "status": status})
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{faulty.stream}/public/ws", proxy=None)
    assert refused.value.response.status_code == status
    with listening(faulty, "/market/ws/btcusdt@markPrice@1s") as socket:
        assert receive(socket)["e"] == "markPriceUpdate"


@pytest.mark.parametrize(("how", "code"), [("reset", 1006), ("close", 1001)])
def test_streams_are_dropped_as_asked(faulty: RunningSimulator, how: str, code: int) -> None:
    with listening(faulty, "/market/ws/btcusdt@markPrice@1s") as socket:
        faulty.control("fault", {"kind": "drop", "how": how, "for": 1})
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(100):
                socket.recv(5)
        assert (closed.value.rcvd.code if closed.value.rcvd else 1006) == code


def test_a_shutdown_is_announced_before_the_close(faulty: RunningSimulator) -> None:
    with listening(faulty, "/public/ws") as socket:
        faulty.control("fault", {"kind": "drop", "how": "shutdown", "for": 1})
        assert receive(socket)["e"] == "serverShutdown"
        with pytest.raises(ConnectionClosed):
            socket.recv(5)


def test_a_half_open_connection_neither_speaks_nor_answers_pings(faulty: RunningSimulator) -> None:
    with listening(faulty, "/public/ws/btcusdt@depth@100ms") as socket:
        receive(socket)
        faulty.control("fault", {"kind": "silence", "for": 30})
        time.sleep(0.3)
        while True:
            try:
                socket.recv(0.05)
            except TimeoutError:
                break
        assert is_silent(socket, 0.6)
        assert not socket.ping().wait(0.6)
        faulty.control("fault", method="DELETE")
        with pytest.raises(ConnectionClosed):
            socket.recv(5)


@pytest.mark.parametrize("kind", ["gap", "chain"])
def test_broken_chains_are_visible_to_who_checks_pu(faulty: RunningSimulator, kind: str) -> None:
    faulty.control("fault", {"kind": kind, "symbol": "BTCUSDT", "percent": 50})
    with listening(faulty, "/public/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms") as socket:
        broken = dict.fromkeys(("BTCUSDT", "ETHUSDT"), 0)
        last: dict[str, int] = {}
        for _ in range(50):
            diff = receive(socket)["data"]
            broken[diff["s"]] += last.get(diff["s"], diff["pu"]) != diff["pu"]
            last[diff["s"]] = diff["u"]
    assert broken["BTCUSDT"] > 0
    assert broken["ETHUSDT"] == 0


def test_duplicates_and_reordering_keep_every_diff() -> None:
    diffs = [{"U": n, "u": n, "pu": n - 1, "b": [], "a": []} for n in range(1, 53)]
    plan = FaultPlan([fault({"kind": "duplicate", "percent": 20}), fault({"kind": "reorder", "window": 5})])
    out = [diff for each in diffs for diff in plan.disturb([each], "BTCUSDT", "btcusdt@depth", 1.0)]
    ids = [diff["u"] for diff in out] + [diff["u"] for diff in plan.held.get("btcusdt@depth", [])]
    assert set(ids) == set(range(1, 53))
    assert len(ids) > 52
    assert ids != sorted(ids)


def test_the_same_seed_throws_the_same_dice() -> None:
    specs = [fault({"kind": "gap", "percent": 50})]
    diffs = [{"U": n, "u": n, "pu": n - 1, "b": [], "a": []} for n in range(40)]
    runs = [FaultPlan(specs, seed=3).disturb(diffs, "BTCUSDT", "btcusdt@depth", 0.0) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) < 40


def test_a_snapshot_can_lag_behind_the_stream(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "snapshot_lag", "symbol": "BTCUSDT", "ms": 800})
    with listening(faulty, "/public/ws/btcusdt@depth@100ms") as socket:
        diffs = [receive(socket) for _ in range(20)]
        snapshot = faulty.get(DEPTH, **BTC, limit=1000).json()
    assert snapshot["lastUpdateId"] < diffs[-3]["u"]


def test_a_frozen_market_keeps_its_prices_while_time_goes_on(faulty: RunningSimulator) -> None:
    faulty.control("fault", {"kind": "freeze"})
    time.sleep(0.25)
    first = faulty.get(MARK, **BTC).json()
    time.sleep(0.5)
    second = faulty.get(MARK, **BTC).json()
    assert first["markPrice"] == second["markPrice"]
    assert first["time"] < second["time"]


def test_hits_are_counted_and_faults_can_be_listed(faulty: RunningSimulator) -> None:
    before = faulty.control("fault", method="GET")["hits"].get("status", 0)
    faulty.control("fault", [{"kind": "status", "path": DEPTH, "at": 100}, {"kind": "status", "path": MARK}])
    faulty.get(DEPTH, **BTC)
    faulty.get(MARK, **BTC)
    listed = faulty.control("fault", method="GET")
    assert [row["active"] for row in listed["faults"]] == [False, True]
    assert listed["hits"]["status"] == before + 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"kind": "earthquake"}, "earthquake"),
        ({"kind": "delay", "second": 1}, "second"),
        ({"kind": "delay", "percent": 130}, "130"),
        ({"kind": "malformed", "how": "sideways"}, "sideways"),
    ],
)
def test_a_wrong_fault_is_refused_and_named(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        fault(spec)


def test_a_script_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"kind": "delay", "at": 3, "for": 2}\n\n{"kind": "delya"}\n')
    with pytest.raises(SettingsError, match="line 3"):
        read_script(script)


def test_a_script_strikes_at_its_second(
    tmp_path: Path, start_simulator: Callable[..., RunningSimulator]
) -> None:
    script = tmp_path / "faults.jsonl"
    script.write_text('{"kind": "status", "at": 0, "for": 3600, "path": "/fapi/v1/depth", "status": 502}\n')
    running = start_simulator("--account", "flat", "--faults", str(script))
    assert running.get(DEPTH, **BTC).status_code == 502


def test_sigterm_ends_it_with_clients_connected(start_simulator: Callable[..., RunningSimulator]) -> None:
    running = start_simulator("--account", "flat")
    with listening(running, "/public/ws/btcusdt@depth@100ms") as socket:
        receive(socket)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(10) == 0


def test_a_wrong_setting_ends_it_with_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "risk.simulator", "--account", "nobody"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "nobody" in ended.stderr
