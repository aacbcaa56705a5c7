"""Daily and weekly: the report as one page, told to the channels that want information."""

from __future__ import annotations

from functools import partial

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows import desk
from flows.showing import show
from risk.adapters import digest_file, digest_page, settings, store_silence
from risk.digest import Period


@flow
def reports(period: Period = "daily") -> None:
    """Make the page, keep it in the data directory, and put its message into the outbox once."""
    config, moment = settings.load(), desk.now()
    with desk.database() as db:
        made = digest_page.digest(
            db, period, account=config.account, symbols=config.symbols, language=config.language, until=moment
        )
    file = digest_file.keep(config.data_dir, made)
    with desk.database() as db:
        store_silence.put_message(db, digest_file.message(made, config.account, moment), desk.channels())
    words = f"`{file}`: {len(made.document.encode()) // 1024} KiB, {made.details['span']}"
    show(partial(create_markdown_artifact, key=f"report-{period}", description=made.title, markdown=words))
