"""The group bots that say no with HTTP 200: their answer's code, told to Apprise as the status it means.

Apprise 1.13 takes status 200 of WeCom, Feishu, DingTalk and Bark for acceptance and does not read the answer,
in which they write "rate limited" or "no such key". A message would count as delivered that nobody got.
So their plugins post through `BotPost`, which changes nothing but the status of such an answer.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import requests

KINDS: Mapping[str, str] = {
    "wecombot": "errcode", "dingtalk": "errcode", "feishu": "code", "bark": "code",
}  # fmt: skip
"""Apprise's module of each plugin, and the field in which the bot says how it went."""

# The codes below are not checked against each vendor's current list; an unknown one is only tried again.
FINE = (0, 200)  # Bark writes 200, the others 0

RATE_LIMITED = frozenset({45009, 11232, 9499, 130101, 410100, 90030})
"""WeCom 45009; Feishu 11232 and 9499; DingTalk 130101, 410100 and 90030: too many messages."""

REFUSED_KEY = frozenset({93000, 40001, 40014, 19001, 19021, 19022, 19024, 300001, 300005, 310000, 400101})
"""WeCom 93000: webhook key; Feishu 19001 to 19024: token, signature, address, keyword; DingTalk 300001 to
400101: token, keyword, signature, address. The bot's settings have to be changed."""


class BotPost:
    """Stands in for the `requests` module in one plugin's module."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, *args: Any, **options: Any) -> requests.Response:
        """`requests.post`; an answer whose code is a refusal comes back with the status that it means."""
        answer = requests.post(*args, **options)  # noqa: S113 - the plugin hands over its time-outs
        if answer.status_code == requests.codes.ok:
            answer.status_code = meant_status(answer, self._field)
        return answer


def meant_status(answer: requests.Response, field: str) -> int:
    """200 accepted, 429 too many, 403 settings to mend, 502 anything else.

    A code that is not known here is tried again: only what is known to be for good may end a delivery.
    """
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return 502
    code = body.get(field) if isinstance(body, dict) else None
    if code is None and field == "code" and isinstance(body, dict):
        code = body.get("StatusCode")  # Feishu's older form
    if code in FINE:
        return 200
    return 429 if code in RATE_LIMITED else 403 if code in REFUSED_KEY else 502


def read_answers(plugin: Any) -> None:
    """From now on this plugin's kind is judged by what its bot answers; other kinds stay as they are."""
    name = type(plugin).__module__
    field = KINDS.get(name.rpartition(".")[2])
    module: Any = sys.modules[name]
    if field and not isinstance(module.requests, BotPost):
        module.requests = BotPost(field)
