"""`python -m bench [path …] [--quick] [--json FILE] [--markdown FILE]`.

Exit code 1 when a goal is missed, 2 on a wrong answer.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import platform
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.race import QUICK, Options, Report, Verdict

HERE = Path(__file__).parent
PACKAGES = (
    "numpy", "scipy", "pandas", "arch", "msgspec", "TA-Lib", "psycopg", "SQLAlchemy", "asyncpg",
    "python-binance", "ccxt", "cryptofeed", "pandas-ta-classic", "prefect", "websockets", "scivol",
)  # fmt: skip


def main() -> int:
    arguments = _arguments()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # before numpy is imported by a path
    for folder in (HERE, HERE.parent / "risk"):
        compileall.compile_dir(folder, quiet=2, rx=re.compile(r"\.venv"))  # not the peers' own
    options = QUICK if arguments.quick else Options()
    header = _header(options)
    print("\n".join(f"{key}: {value}" for key, value in header.items()), flush=True)
    reports: dict[str, list[Report]] = {}
    for name in arguments.path or _paths():
        path = importlib.import_module(f"bench.{name}")
        print(f"\n== {path.SUBJECT}", flush=True)
        reports[name] = []
        for report in path.run(options):
            reports[name].append(report)
            print(_text(report), flush=True)
    if arguments.json:
        body = {"header": header, "paths": {k: [asdict(r) for r in v] for k, v in reports.items()}}
        arguments.json.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(_markdown(header, reports))
    return _close([v for found in reports.values() for r in found for v in r.verdicts])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Side by side with peers.")
    parser.add_argument("path", nargs="*", help=f"default: all of {', '.join(_paths())}")
    parser.add_argument("--quick", action="store_true", help="short subset, goals relaxed by 1.5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables for the docs")
    arguments = parser.parse_args()
    if unknown := set(arguments.path) - set(_paths()):
        parser.error(f"no such path: {', '.join(sorted(unknown))}; there are {', '.join(_paths())}")
    return arguments


def _paths() -> list[str]:
    return sorted(f.stem for f in HERE.glob("*.py") if "\nSUBJECT = " in f.read_text())


def _header(options: Options) -> dict[str, str]:
    found = {name: _version(name) for name in PACKAGES}
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {platform.platform()}",
        "load average": load,
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version}" for name, version in found.items() if version),
        "byte code": "not written" if sys.dont_write_bytecode else "compiled before",
        "malloc": f"MALLOC_MMAP_THRESHOLD_={os.environ.get('MALLOC_MMAP_THRESHOLD_', 'not set')}",
        "length": f"{'quick' if options.quick else 'full'}: worst of {options.repeats} × "
        f"{options.rounds} rounds, limits × {options.slack:g}",
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds * 1e9:.3g} ns"


def _state(verdict: Verdict) -> str:
    return {True: "pass", False: "FAIL", None: "not run"}[verdict.passed]


def _cells(report: Report) -> list[tuple[str, str, str, str]]:
    return [
        (
            row.name,
            _duration(row.minimum if row.minimum is None else row.minimum / report.units),
            _duration(row.median if row.median is None else row.median / report.units),
            row.note,
        )
        for row in report.rows
    ]


def _judged(verdict: Verdict) -> str:
    value = "–" if verdict.value is None else f"{verdict.value:.3g}"
    note = f" ({verdict.note})" if verdict.note else ""
    return f"{_state(verdict)}: {verdict.goal}: {value}, limit {verdict.limit:.3g}{note}"


def _text(report: Report) -> str:
    lines = [f"-- {report.title} ({report.clock} time per {report.unit}: minimum, median)"]
    lines += [f"   {name:<34} {low:>10} {mid:>10}  {note}" for name, low, mid, note in _cells(report)]
    lines += [f"   {key}: {value}" for key, value in report.facts.items()]
    lines += [f"   {_judged(verdict)}" for verdict in report.verdicts]
    return "\n".join(lines)


def _markdown(header: dict[str, str], reports: dict[str, list[Report]]) -> str:
    lines = ["<!-- written by `python -m bench --markdown`; do not edit -->", ""]
    lines += [f"* {key}: {value}" for key, value in header.items()]
    for report in (r for found in reports.values() for r in found):
        lines += ["", f"### {report.title}", ""]
        if report.rows:
            lines += [f"| | minimum per {report.unit} ({report.clock}) | median | |", "|---|---|---|---|"]
            lines += [f"| {' | '.join(cells)} |" for cells in _cells(report)]
            lines += [""]
        lines += [f"* {key}: {value}" for key, value in report.facts.items()]
        lines += [f"* {_judged(verdict)}" for verdict in report.verdicts]
    return "\n".join(lines) + "\n"


def _close(verdicts: list[Verdict]) -> int:
    counts = {state: sum(_state(v) == state for v in verdicts) for state in ("pass", "FAIL", "not run")}
    print("\n" + ", ".join(f"{n} {state}" for state, n in counts.items()))
    if any(v.passed is False and v.value is None for v in verdicts):
        return 2
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
