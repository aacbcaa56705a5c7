"""What every flow starts from: settings, a database connection, the exchange client of this process.

Adapters do not know each other; here they meet. One client, and so one weight budget, per process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection

from risk.adapters import settings, store
from risk.adapters.rest import Addresses, BanStore, Credentials, Exchange
from risk.adapters.settings import Settings
from risk.adapters.weight import WeightBudget
from risk.errors import StoreError
from risk.records import Mark, Ticker

log = logging.getLogger(__name__)

Quoted = TypeVar("Quoted", Mark, Ticker)


def now() -> datetime:
    """The clock that a flow hands to the pure functions."""
    return datetime.now(UTC)


def database_url() -> str:
    """Where the desk's database is; the supervisor tells it to the processes that it starts.

    Raises:
        StoreError: nobody did.
    """
    url = settings.load().database_url
    if url is None:
        raise StoreError("no database: start the desk with `risk up`, or set RISK_DATABASE_URL")
    return url


@contextmanager
def database() -> Iterator[Connection]:
    """One transaction on the desk's database, committed when the block ends well.

    What the exchange's answers were refused for since the last time goes into the ledger with it.
    """
    with store.connect(database_url()) as db:
        yield db
        if exchange.cache_info().currsize:
            store.save_issues(db, exchange().drain_issues())


@cache
def exchange() -> Exchange:
    """The exchange client of this process, with its share of the weight and its holds in the database."""
    config = settings.load()
    return Exchange(
        addresses(config),
        _credentials(config),
        budget=WeightBudget(
            share=config.exchange.weight_share, request_weight_limit=config.exchange.request_weight_limit
        ),
        bans=BanStore(load=_load_ban, save=_save_ban),
        account=config.account,
        retry_after_default_s=config.exchange.retry_after_default_s,
    )


def addresses(config: Settings) -> Addresses:
    """The exchange's base addresses, as one set."""
    places = config.exchange
    return Addresses(
        rest=places.rest_url, stream=places.stream_url, spot=places.spot_url, wallet=places.wallet_url
    )


def symbols() -> tuple[str, ...]:
    """The watched symbols."""
    return settings.load().symbols


def of_interest(db: Connection, rows: Iterable[Quoted]) -> list[Quoted]:
    """The rows of symbols that are watched or held."""
    config = settings.load()
    held = {position.symbol for position in store.open_positions(db, config.account)}
    wanted = held.union(config.symbols)
    return [row for row in rows if row.symbol in wanted]


def channels() -> list[tuple[str, str]]:
    """Name and least severity of every channel that does not stand by."""
    ordinary = (channel for channel in settings.load().channels if not channel.stands_by)
    return [(channel.name, channel.min_severity) for channel in ordinary]


def _credentials(config: Settings) -> Credentials | None:
    if config.api_key is None or config.api_secret is None:
        return None
    return Credentials(config.api_key.get_secret_value(), config.api_secret.get_secret_value())


def _load_ban(host: str) -> datetime | None:
    with store.connect(database_url()) as db:
        return store.ban(db, host, now())


def _save_ban(host: str, until: datetime, reason: str) -> None:
    with store.connect(database_url()) as db:
        store.save_ban(db, host, until, reason)
