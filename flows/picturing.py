"""Where messages get their pictures from: what is drawn is read here, what became of it written down."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from pathlib import Path
from uuid import UUID

from flows import desk
from risk.adapters import easel, notify, sketches, store_outbox
from risk.adapters.picture_post import LATE_AFTER_S, PicturePost, Studio
from risk.adapters.settings import ChannelSettings, Settings
from risk.records import Message

FOLDER = "pictures"


def studio(config: Settings) -> Studio:
    """The studio of this process: one picture at a time, each drawn by a process of its own."""
    return Studio(config.data_dir / FOLDER, partial(_draw, config))


def post(config: Settings, channel: ChannelSettings, drawn_by: Studio) -> PicturePost | None:
    """The pictures of one channel; None where it wants none."""
    if not channel.pictures or channel.url.get_secret_value().startswith(notify.CONSOLE):
        return None
    opened = notify.open_channel(
        channel.name, channel.url.get_secret_value(), telegram_api_base=config.telegram_api_base
    )
    ordered = partial(_order, drawn_by, channel.language or config.language)
    return PicturePost(opened, ordered, partial(_note, channel.name))


def _order(drawn_by: Studio, language: str, message: Message) -> Future[Path | None] | None:
    return drawn_by.order(message, language) if sketches.subject(message) else None


def _draw(config: Settings, message: Message, language: str, file: Path) -> bool:
    with desk.database() as db:
        wanted = sketches.sketch(
            db, message, account=config.account, language=language, level_starts=config.limits.level_starts
        )
    if wanted is None:
        return False
    easel.draw(wanted, file, timeout_s=LATE_AFTER_S)
    return True


def _note(channel: str, message_id: UUID, fate: str) -> None:
    with desk.database() as db:
        store_outbox.note_picture(db, message_id, channel, fate)
