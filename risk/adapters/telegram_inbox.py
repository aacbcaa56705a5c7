"""What is written to the Telegram bot of a channel, by long polling; only its own chats are heard.

The address holds the bot's token, so no error of the HTTP client leaves this file with its words.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from risk.adapters.notify import Channel
from risk.errors import DeliveryError, StoreError

log = logging.getLogger(__name__)

POLL_S = 10.0
ANSWER_TIMEOUT_S = 5.0
WAITS_S = (1.0, 60.0)
MAX_ANSWER_CHARS = 3_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One text that somebody wrote to the bot."""

    update_id: int
    chat_id: str
    text: str
    answers: str  # text of the message that it answers; empty: none


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The database as an inbox sees it. Each call is one transaction and may raise StoreError.

    Attributes:
        load: the next update that is not yet dealt with.
        save: remember that number.
    """

    load: Callable[[], int]
    save: Callable[[int], None]


class Inbox:
    """Polls one bot, lets `answer` act on each letter from its chats, and sends back what that says.

    A letter is dealt with at least once: its number is remembered after it.

    Args:
        chats: those that are heard.
    """

    def __init__(
        self,
        channel: Channel,
        chats: Collection[str],
        memory: Memory,
        answer: Callable[[Letter], str],
        *,
        poll_s: float = POLL_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        plugin = channel.plugin
        self._name, self._memory, self._answer, self._poll_s = channel.name, memory, answer, poll_s
        self._address = f"{plugin.notify_url}{plugin.bot_token}"
        self._chats = frozenset(chats)
        self._client = httpx.Client(timeout=poll_s + ANSWER_TIMEOUT_S, transport=transport)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, at most one poll later. A bot that does not answer is asked less often."""
        wait_s = 0.0
        while not stop.wait(wait_s):
            try:
                self.step(stop)
                wait_s = 0.0
            except (DeliveryError, StoreError) as error:
                log.warning("channel %s is not listened to: %s", self._name, error)
                wait_s = min(max(WAITS_S[0], wait_s * 2), WAITS_S[1])
        self.close()

    def close(self) -> None:
        """Give up the connection to the bot."""
        self._client.close()

    def step(self, stop: threading.Event) -> None:
        """One poll, and what came with it.

        Raises:
            DeliveryError: the bot does not answer, or is polled by somebody else too.
            StoreError: the database does not answer.
        """
        offset = self._memory.load()
        found = self._call("getUpdates", {"offset": offset, "timeout": round(self._poll_s)})
        for update in found if isinstance(found, list) else []:
            if stop.is_set():
                return
            number, letter = _letter(update)
            if letter is not None and letter.chat_id in self._chats:
                self._reply(letter.chat_id, self._answer(letter))
            elif letter is not None:
                log.warning("channel %s: a stranger wrote to the bot; not answered", self._name)
            self._memory.save(number + 1)

    def _reply(self, chat_id: str, text: str) -> None:
        if text:
            try:
                self._call("sendMessage", {"chat_id": chat_id, "text": text[:MAX_ANSWER_CHARS]})
            except DeliveryError as error:  # the order is carried out all the same
                log.warning("channel %s: the answer was not taken: %s", self._name, error)

    def _call(self, method: str, parameters: dict[str, Any]) -> Any:
        try:
            if method == "getUpdates":
                response = self._client.get(f"{self._address}/{method}", params=parameters)
            else:
                response = self._client.post(f"{self._address}/{method}", json=parameters)
            body = response.json()
        except httpx.HTTPError as cause:
            raise DeliveryError(f"{method}: {type(cause).__name__}", reason="unreachable") from None
        except ValueError:
            raise DeliveryError(f"{method}: not JSON", reason="unavailable") from None
        if response.status_code != 200 or not isinstance(body, dict) or not body.get("ok"):
            raise DeliveryError(f"{method}: status {response.status_code}", reason="rejected")
        return body.get("result")


def chats_by_bot(channels: Sequence[Channel]) -> list[tuple[Channel, frozenset[str]]]:
    """One Telegram channel of each bot, with the chats of all its channels: a bot has one queue to poll."""
    bots: dict[str, tuple[Channel, frozenset[str]]] = {}
    for channel in channels:
        if channel.kind == "telegram":
            first, chats = bots.get(channel.plugin.bot_token, (channel, frozenset()))
            mine = frozenset(str(chat) for chat, *_ in channel.plugin.targets)
            bots[channel.plugin.bot_token] = first, chats | mine
    return list(bots.values())


def _letter(update: Any) -> tuple[int, Letter | None]:
    """Number of an update, and its text where it is one.

    Raises:
        DeliveryError: not an update.
    """
    try:
        number = int(update["update_id"])
    except (TypeError, KeyError, ValueError):
        raise DeliveryError("getUpdates: an update without a number", reason="rejected") from None
    message = update.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("text"), str):
        return number, None
    chat, answered = message.get("chat"), message.get("reply_to_message")
    told = answered.get("text") if isinstance(answered, dict) else ""
    return number, Letter(
        update_id=number,
        chat_id=str(chat.get("id")) if isinstance(chat, dict) else "",
        text=message["text"],
        answers=told if isinstance(told, str) else "",
    )
