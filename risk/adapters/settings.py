"""The one place where the environment is read: `risk.toml` < secrets directory < `RISK_…` variables.

A nested key is reached by two underscores: `RISK_EXCHANGE__REST_URL`. An unknown key is refused
wherever it stands; unknown variables that begin with RISK_ are listed by `risk doctor`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from risk.adapters.settings_parts import Part, listed
from risk.adapters.settings_parts import WatchdogSettings as WatchdogSettings
from risk.adapters.settings_parts import WebSettings as WebSettings
from risk.errors import SettingsError
from risk.limits import Limits, from_mapping

APPLICATION = "crypto-risk"
PREFIX = "RISK_"
PLACES = {"RISK_CONFIG", "RISK_SECRETS_DIR", "RISK_CRASH_AT"}  # variables that are no settings
SECRETS = frozenset({"api_key", "api_secret", "url", "database_url", "token"})  # never shown in a refusal
SYMBOL_LENGTH = 40
VENUES = ("okx", "bybit", "bitget", "gate", "hyperliquid", "deribit")

Severity = Literal["info", "warning", "critical"]
Language = Literal["en", "zh"]


def _limits(given: object) -> object:
    return from_mapping(given) if isinstance(given, Mapping) else given


def plausible_symbols(symbols: tuple[str, ...]) -> tuple[str, ...]:
    """The symbols, if each could be the exchange's.

    Raises:
        SettingsError: none, one that cannot be a symbol, or one twice.
    """
    if not symbols:
        raise SettingsError("symbols: at least one is needed, e.g. BTCUSDT")
    for symbol in symbols:
        plain = symbol.replace("_", "")
        if not plain.isalnum() or symbol != symbol.upper() or len(symbol) > SYMBOL_LENGTH:
            raise SettingsError(
                f"symbols: {symbol!r} cannot be a symbol; write it as the exchange does, e.g. BTCUSDT"
            )
    if len(set(symbols)) < len(symbols):
        raise SettingsError("symbols: one stands there twice")
    return symbols


class ExchangeSettings(Part):
    """Where the exchange is, and how much of its request budget is ours."""

    rest_url: str = "https://fapi.binance.com"
    stream_url: str = "wss://fstream.binance.com"
    spot_url: str = "https://api.binance.com"
    wallet_url: str = "https://api.binance.com"
    request_weight_limit: int = Field(default=2400, gt=0)  # per minute and IP; the exchange may tell another
    weight_share: float = Field(default=0.5, gt=0, le=0.9)  # of the limit, in steady state
    retry_after_default_s: float = Field(default=60.0, gt=0)  # after a 429 that does not say how long
    timeout_s: float = Field(default=3.0, gt=0, le=60)  # of one call

    @field_validator("rest_url", "spot_url", "wallet_url", "stream_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not url.startswith(("https://", "wss://", "http://127.0.0.1", "ws://127.0.0.1")):
            raise ValueError("must begin with https:// or wss:// (http and ws only on 127.0.0.1)")
        return url.rstrip("/")


class ChannelSettings(Part):
    """One way to reach a person. `url` is Apprise's, or "console://"."""

    name: str = Field(min_length=1, max_length=40)
    url: SecretStr
    min_severity: Severity = "info"
    language: Language | None = None  # None: the language of the desk
    stands_by: bool = False  # is told only what no other channel took within 10 s
    takes_orders: bool = True  # Telegram: /ack, /silence and /status from its chats
    pictures: bool = True  # price and score beside an alert's text, where the channel takes pictures


class VenueSettings(Part):
    """Other exchanges whose funding and open interest are compared; all public."""

    enabled: tuple[str, ...] = VENUES
    urls: dict[str, str] = Field(default_factory=dict)  # base address by venue, where it differs

    @field_validator("enabled", mode="before")
    @classmethod
    def _enabled_as_list(cls, given: object) -> object:
        return listed(given)

    @model_validator(mode="after")
    def _known_venues(self) -> VenueSettings:
        for venue in (*self.enabled, *self.urls):
            if venue not in VENUES:
                raise ValueError(f"unknown venue {venue!r}; known are {', '.join(VENUES)}")
        return self


class RetentionSettings(Part):
    """Days that raw rows are kept; scores, bars and roll-ups of depth are kept for ever."""

    depth_days: int = Field(default=7, ge=1)
    other_days: int = Field(default=400, ge=8)
    var_days: int = Field(default=400, ge=260)  # VaR: its daily methods are judged over 250 bars


class PrefectSettings(Part):
    """Prefect's server: our own on the loopback address, or another by URL."""

    api_url: str | None = None  # None: the supervisor starts one
    port: int = Field(default=4200, ge=0, le=65535)  # 0: any free one
    runs_kept: timedelta = timedelta(hours=48)


class FanOutSettings(Part):
    """Heavy statistics over many symbols: shared out over processes, or machines by Dask."""

    from_symbols: int = Field(default=150, ge=1)  # fewer: in the worker's own process, which begins at once
    symbols_per_task: int = Field(default=50, ge=1)  # a part costs a second of its own
    processes: int | None = Field(default=None, ge=1, le=64)  # None: one per core, at most 4
    dask_address: str | None = None  # e.g. tcp://10.0.0.5:8786; needs the extra `dask`


class StrategySettings(Part):
    """The trader's strategies: what capital each has, for their shares of the risk."""

    capital: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    # relative or in USDT; 1 for strategies that it does not name


class Settings(BaseSettings):
    """Everything that can be set. Secrets are SecretStr: they print as stars."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        env_ignore_empty=True,
    )

    symbols: Annotated[tuple[str, ...], NoDecode] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    language: Language = "en"
    account: str = Field(default="default", min_length=1, max_length=40)  # our name for it, in the tables
    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    database_url: str | None = Field(default=None, repr=False)  # None: the embedded PostgreSQL in `data_dir`
    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir(APPLICATION)))
    exchange: ExchangeSettings = ExchangeSettings()
    channels: tuple[ChannelSettings, ...] = (ChannelSettings(name="console", url=SecretStr("console://")),)
    telegram_api_base: str | None = None  # another Bot API server, e.g. one's own
    venues: VenueSettings = VenueSettings()
    retention: RetentionSettings = RetentionSettings()
    prefect: PrefectSettings = PrefectSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    web: WebSettings = WebSettings()
    strategies: StrategySettings = StrategySettings()
    fan_out: FanOutSettings = FanOutSettings()
    limits: Annotated[Limits, BeforeValidator(_limits)] = Field(default_factory=lambda: from_mapping({}))

    @property
    def watches_account(self) -> bool:
        """Whether an API key is configured; without one only the market is watched."""
        return self.api_key is not None

    @field_validator("symbols", mode="before")
    @classmethod
    def _symbols_as_list(cls, given: object) -> object:
        return listed(given)

    @field_validator("symbols")
    @classmethod
    def _plausible(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return plausible_symbols(symbols)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        place = folder.expanduser().resolve()
        if other := _no_folder(place):
            raise ValueError(f"{other} is no folder: name one, which is made where there is none")
        return place

    @model_validator(mode="after")
    def _key_and_secret_together(self) -> Settings:
        if (self.api_key is None) != (self.api_secret is None):
            raise ValueError("api_key and api_secret belong together: set both or neither")
        names = [channel.name for channel in self.channels]
        if len(set(names)) < len(names):
            raise ValueError("two channels have the same name")
        if all(channel.stands_by for channel in self.channels) and self.channels:
            raise ValueError("channels: one at least must not stand by")
        if unknown := set(self.watchdog.channels).difference(names):
            raise ValueError(f"watchdog.channels: no channel is called {', '.join(sorted(unknown))}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over secrets over risk.toml."""
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, _secrets(secrets_dir())),
            InitSettingsSource(settings_cls, _from_toml(config_file())),
        )


@cache
def load() -> Settings:
    """The settings in force; read once per process (`load.cache_clear()` reads anew).

    Raises:
        SettingsError: naming field, value and remedy, one line per fault.
    """
    if os.environ.get("RISK_SYMBOLS") == "":  # elsewhere an empty variable is an unset one
        raise SettingsError("symbols: RISK_SYMBOLS is empty; name one at least, e.g. BTCUSDT, or unset it")
    try:
        return Settings()
    except ValidationError as cause:
        raise SettingsError("\n".join(_fault(error) for error in cause.errors())) from None
    except (json.JSONDecodeError, ValueError) as cause:
        raise SettingsError(f"{cause}: write lists and tables as JSON in the environment") from None


def _no_folder(place: Path) -> Path | None:
    """What is in the way of this folder; None too where nobody may look."""
    try:
        return next((each for each in (place, *place.parents) if each.exists() and not each.is_dir()), None)
    except PermissionError:
        return None


def config_file() -> Path | None:
    """The risk.toml in force: $RISK_CONFIG, else ./risk.toml, else the user's; None when there is none."""
    if named := os.environ.get("RISK_CONFIG"):
        return Path(named).expanduser()
    places = (Path.cwd() / "risk.toml", Path(platformdirs.user_config_dir(APPLICATION)) / "risk.toml")
    return next((place for place in places if place.is_file()), None)


def secrets_dir() -> Path | None:
    """The folder with one file per secret: $RISK_SECRETS_DIR, else ./secrets; None when there is none."""
    named = os.environ.get("RISK_SECRETS_DIR")
    folder = Path(named).expanduser() if named else Path.cwd() / "secrets"
    return folder if named or folder.is_dir() else None


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """RISK_… variables that set nothing, each with the nearest name that would."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | PLACES
    unknown = []
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper().split("__")[0] not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            unknown.append(f"{name} (did you mean {near[0]}?)" if near else name)
    return unknown


def describe(settings: Settings) -> dict[str, Any]:
    """The settings as plain values for printing; secrets as stars, the database without its password."""
    shown = settings.model_dump(mode="json", exclude={"limits", "database_url"})
    place = re.sub(r"//([^:/@]*):[^@]*@", r"//\1:**********@", settings.database_url or "embedded")
    return shown | {"limits": settings.limits.version, "database_url": place}


def _from_toml(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as cause:
        raise SettingsError(f"{file} cannot be read ({cause.strerror}): correct RISK_CONFIG") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingsError(f"{file} is not TOML: {cause}") from None


def _secrets(folder: Path | None) -> dict[str, Any]:
    """One file per key; `exchange__rest_url` reaches into a section."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise SettingsError(f"RISK_SECRETS_DIR = {str(folder)!r}: no such folder")
    found: dict[str, Any] = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            *sections, key = file.name.lower().removeprefix(PREFIX.lower()).split("__")
            place = found
            for section in sections:
                place = place.setdefault(section, {})
            text = file.read_text(encoding="utf-8").strip()
            place[key] = json.loads(text) if key == "channels" else text
    return found


def _fault(error: Mapping[str, Any]) -> str:
    """One line of a refusal: field, what was wrong, what to do."""
    path = [str(step) for step in error["loc"]]
    field = ".".join(path) or "settings"
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _keys_beside(path), n=1)
        return f"{field}: unknown key; " + (f"did you mean {near[0]}?" if near else "remove it")
    if isinstance(cause := error.get("ctx", {}).get("error"), SettingsError):
        return str(cause)
    problem = str(error["msg"]).removeprefix("Value error, ")
    variable = PREFIX + "__".join(path).upper()
    where = f"; set it in risk.toml or as {variable}" if path else ""
    return f"{field}{_shown(error)}: {problem}{where}"


def _shown(error: Mapping[str, Any]) -> str:
    """The refused value, unless it is a secret or stands beside one."""
    given = None if "ping_url" in error["loc"] else error.get("input")  # its path is its password
    is_secret = not SECRETS.isdisjoint(str(step) for step in error["loc"])
    return "" if is_secret or not isinstance(given, str | int | float) else f" = {given!r}"


def _keys_beside(path: list[str]) -> list[str]:
    """The keys that the section of `path` knows."""
    model: type[BaseModel] = Settings
    for step in path[:-1]:
        annotation = model.model_fields[step].annotation if step in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
