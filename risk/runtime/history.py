"""`risk history fetch`: the exchange's archive, or a folder of files, into the database; resumable."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from risk.adapters import archive, archive_store, migrate, store
from risk.adapters.archive_layout import DEPTH, OPEN_INTEREST, Piece, days_of, pieces
from risk.adapters.archive_source import Fetched, Source, checked, opened
from risk.adapters.archive_store import Held
from risk.adapters.settings import Settings
from risk.errors import DataError, ExchangeError, SettingsError
from risk.runtime.database import reachable

ENDINGS = (".csv", ".csv.gz", ".zip", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    symbols: tuple[str, ...]  # empty: those of the settings, or all that a folder of files has
    source: str  # an address, or a folder
    series: tuple[str, ...]
    venue: str
    since: datetime | None  # a folder of files is taken whole
    until: datetime
    again: bool = False  # also what is stored already


@dataclass(slots=True)
class Tally:
    """What came of it."""

    files: int = 0
    rows: int = 0
    stored: int = 0
    refused: int = 0
    there: int = 0  # files that were stored before
    absent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def fetch(settings: Settings, wish: Wish, console: Console, say: Callable[[str], None]) -> int:
    """Fetch, store, say what came of it; 0 when every file that exists was stored, 1 when one failed.

    Raises:
        SettingsError: a source, series or symbol that cannot be.
        StoreError: the database does not answer.
    """
    tally = Tally()
    with opened(wish.source) as source, reachable(settings, starts=True) as url:
        if migrate.current(url) != migrate.head():
            migrate.upgrade(url)
        if loose := loose_files(wish):
            _folder_of_files(url, wish, loose, tally, console)
        else:
            _archive(settings, url, wish, source, tally, console)
    for line in _lines(settings, wish, tally):
        say(line)
    return 1 if tally.failed else 0


def loose_files(wish: Wish) -> list[tuple[Path, str]]:
    """Files of a flat folder whose names tell what they hold, and their series; none in an archive's."""
    root = Path(wish.source).expanduser()
    if "://" in wish.source or (root / "data").is_dir() or not root.is_dir():
        return []
    found = []
    for path in sorted(root.iterdir()):
        named = archive.contents(path)
        series = archive_store.SERIES_OF.get(named.kind or "", named.interval if named.kind == "kl" else None)
        is_wanted = named.symbol is None or not wish.symbols or named.symbol in wish.symbols
        if path.name.endswith(ENDINGS) and series in wish.series and is_wanted:
            found.append((path, str(series)))
    if not found:
        raise SettingsError(
            f"--source {wish.source}: no folder `data` as in the public archive, and no file whose name says "
            f"that it has {', '.join(wish.series)}"
            + (f" of {', '.join(wish.symbols)}" if wish.symbols else "")
        )
    return found


def _archive(
    settings: Settings, url: str, wish: Wish, source: Source, tally: Tally, console: Console
) -> None:
    if wish.since is None:
        raise SettingsError("--since: name the first day that is wanted, e.g. --since 2024-01-01")
    symbols, since, until = wish.symbols or settings.symbols, wish.since.date(), wish.until.date()
    today = datetime.now(UTC).date()
    wanted = [
        piece
        for symbol in symbols
        for series in wish.series
        for piece in pieces(symbol, wish.venue, series, since, until, today)
    ]
    with store.connect(url) as db:
        known = {} if wish.again else store.stored_files(db, [piece.path for piece in wanted])
    with _progress(console, len(wanted)) as advance:
        for piece in wanted:
            if piece.path in known:
                tally.there += 1
            elif not _piece(url, source, piece, tally):
                _days(url, source, days_of(piece, since, until), piece.path, wish.again, tally)
            advance(piece.name)


def _days(url: str, source: Source, days: Sequence[Piece], month: str, again: bool, tally: Tally) -> None:
    """The days of a month that is not there as a whole."""
    with store.connect(url) as db:
        known = {} if again else store.stored_files(db, [day.path for day in days])
    found = [day.path in known or _piece(url, source, day, tally) for day in days]
    tally.there += len(known)
    if not any(found):
        tally.absent.append(month)
    else:
        tally.absent += [day.path for day, is_there in zip(days, found, strict=True) if not is_there]


def _piece(url: str, source: Source, piece: Piece, tally: Tally) -> bool:
    """Whether the source has the file; what is wrong with it is told at the end."""
    try:
        fetched = source.fetch(piece.path)
        if fetched is None:
            return False
        with tempfile.TemporaryDirectory(prefix="risk-archive-") as folder:
            file = Path(folder) / piece.name
            file.write_bytes(fetched.body)
            held = Held(
                file=file, path=piece.path, series=piece.series, symbol=piece.symbol, venue=piece.venue,
                sha256=fetched.sha256, is_verified=fetched.is_verified, begin=piece.begins_at,
                end=piece.ends_at,
            )  # fmt: skip
            _keep(url, held, tally)
    except (DataError, ExchangeError) as error:
        tally.failed.append(str(error))
    return True


def _folder_of_files(
    url: str, wish: Wish, files: Sequence[tuple[Path, str]], tally: Tally, console: Console
) -> None:
    """Files of any days, each taken whole; one that changed since it was stored is read again."""
    with store.connect(url) as db:
        known = {} if wish.again else store.stored_files(db, [path.name for path, _ in files])
    with _progress(console, len(files)) as advance:
        for path, series in files:
            try:
                fetched = _local(path)
                if known.get(path.name) == fetched.sha256:
                    tally.there += 1
                else:
                    named = archive.contents(path)
                    held = Held(
                        file=path, path=path.name, series=series, symbol=named.symbol,
                        venue=named.venue or wish.venue, sha256=fetched.sha256,
                        is_verified=fetched.is_verified,
                    )  # fmt: skip
                    _keep(url, held, tally)
            except DataError as error:
                tally.failed.append(str(error))
            advance(path.name)


def _local(path: Path) -> Fetched:
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if beside.is_file():
        return checked(path.name, path.read_bytes(), beside.read_bytes())
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return Fetched(b"", digest.hexdigest(), is_verified=False)


def _keep(url: str, held: Held, tally: Tally) -> None:
    now = datetime.now(UTC)
    parsed = archive_store.read(held, now)
    with store.connect(url) as db:
        file = archive_store.keep(db, held, parsed, now)
    tally.files += 1
    tally.rows += file.row_count
    tally.stored += file.new_count
    tally.refused += file.refused_count


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task: TaskID = progress.add_task("files", total=total)

        def advance(name: str) -> None:
            progress.update(task, advance=1, description=name)

        yield advance


def _lines(settings: Settings, wish: Wish, tally: Tally) -> Iterator[str]:
    yield (
        f"{tally.files} files read, {tally.rows} rows, {tally.stored} of them new, {tally.refused} refused; "
        f"{tally.there} files were stored before"
    )
    if tally.refused:
        yield "refused rows: `risk report refused_data`"
    if tally.absent:
        shown = ", ".join(tally.absent[:3])
        yield f"{len(tally.absent)} files are not in the archive: {shown}{', …' if tally.absent[3:] else ''}"
    kept_days = settings.retention.other_days
    is_old = wish.since is None or (datetime.now(UTC) - wish.since).days > kept_days
    if OPEN_INTEREST in wish.series and is_old and tally.stored:
        yield (
            f"open interest older than {kept_days} days is forgotten at the next "
            "maintenance: raise retention.other_days to keep it"
        )
    if DEPTH in wish.series and tally.stored:
        yield "depth of archives stands in risk.archived_depth: it has bands, no book, and is not scored live"
    for line in tally.failed:
        yield f"failed: {line}"
