"""Sections of the settings with rules of their own: the live page and the dead man's switch."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

SHORTEST_TOKEN = 20
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


def listed(given: object) -> object:
    """`BTCUSDT, ETHUSDT` or a JSON list; what a person writes into an environment variable."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        return json.loads(given)
    return [part.strip() for part in given.split(",") if part.strip()]


class Part(BaseModel):
    """A section: nothing in it may change or be unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WebSettings(Part):
    """The live page: who reaches it, and by which names."""

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)  # 0: any free one
    token: SecretStr | None = Field(default=None, min_length=SHORTEST_TOKEN)  # not on this machine: needed
    names: tuple[str, ...] = ()  # host names by which it is opened, beside the loopback ones

    @field_validator("names", mode="before")
    @classmethod
    def _names_as_list(cls, given: object) -> object:
        return listed(given)

    @model_validator(mode="after")
    def _token_beyond_this_machine(self) -> WebSettings:
        if self.token is None and self.host not in LOOPBACK_HOSTS:
            raise ValueError("on another address than 127.0.0.1 a token of 20 characters or more is needed")
        return self


class WatchdogSettings(Part):
    """The dead man's switch: what it looks at, which channels it speaks by, and what it pings."""

    channels: tuple[str, ...] = ()  # names; none: all channels but the console
    ping_url: SecretStr | None = None  # Healthchecks-compatible
    ping_every_s: float = Field(default=60.0, ge=5)
    digest_hour: int | None = Field(default=8, ge=0, le=23)  # UTC; None: no daily line
    url: str | None = None  # of the desk's page, asked instead of the database; e.g. https://desk.example.org
    token: SecretStr | None = None  # the page's web.token
    ca_file: Path | None = None  # certificates, PEM, that the page's is signed by; None: the usual ones
    plain_http: bool = False  # true: the token may go over the network unencrypted

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must begin with http:// or https:// and name a host")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("no password, query or fragment belongs into it; the token has its own setting")
        return url.rstrip("/")

    @field_validator("token")
    @classmethod
    def _as_long_as_the_page_wants(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"the page's web.token has {SHORTEST_TOKEN} characters or more: give that one")
        return token

    @model_validator(mode="after")
    def _no_token_in_clear(self) -> WatchdogSettings:
        parts = urlsplit(self.url or "")
        in_clear = parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS
        if in_clear and self.token is not None and not self.plain_http:
            raise ValueError(
                "url is http:// beyond this machine: whoever carries the packets could read the token and"
                " open the page with it. Use https:// or a tunnel (ssh -L 8765:127.0.0.1:8765 HOST, then"
                " http://127.0.0.1:8765); plain_http = true allows it, for a network that encrypts by itself"
            )
        return self

    @field_validator("ping_url")
    @classmethod
    def _verified(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("https://", "http://127.0.0.1")):
            raise ValueError("must begin with https:// (http only on 127.0.0.1)")
        return url
