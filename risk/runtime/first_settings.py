"""`risk init`: the first settings of a desk, by at most seven questions, and a test message to prove them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from risk import wording
from risk.adapters import notify, settings
from risk.adapters.settings import ChannelSettings, Settings
from risk.catalogue import LANGUAGES, say
from risk.errors import DeliveryError, SettingsError
from risk.runtime.alerts import trial

Ask = Callable[[str, bool], str]  # (question, whether the answer is secret) -> answer
Tell = Callable[[str], None]

TRIES = 3
YES, NO = {"y", "yes", "是", "好"}, {"n", "no", "否", "不"}
CHANNEL = "first"
SECRET_FILES = ("api_key", "api_secret", "channels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a desk needs to know at first; the defaults watch the market and speak on the console."""

    language: str = "en"
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    api_key: str = ""
    api_secret: str = ""
    channel: str = ""  # Apprise's URL; empty: the console alone


@dataclass(frozen=True, slots=True)
class Places:
    """Where the settings go."""

    config: Path
    secrets: Path


def places() -> Places:
    """Where a desk in this directory looks: RISK_CONFIG and RISK_SECRETS_DIR, else ./risk.toml, ./secrets."""
    config = os.environ.get("RISK_CONFIG", "risk.toml")
    secrets = os.environ.get("RISK_SECRETS_DIR", "secrets")
    return Places(Path(config).expanduser().absolute(), Path(secrets).expanduser().absolute())


def begin(given: Answers, *, is_asking: bool, ask: Ask, tell: Tell) -> int:
    """Ask (or take what is given), write, prove; 0, or 1 when the channel did not take the test.

    Raises:
        SettingsError: an answer is refused, or there are settings already and nobody allows to replace them.
    """
    where = places()
    if not is_asking:
        _refuse_to_replace(where)
        return _finish(_checked(given), where, is_tested=True, tell=tell)
    language = _language(given, ask)
    if _standing(where) and not _agreed(ask, say(language, "init.replace", files=_names(where)), False):
        tell(say(language, "init.kept"))
        return 0
    answers = _asked(replace(given, language=language), ask, tell)
    is_tested = _agreed(ask, say(language, "init.test"), True)
    return _finish(answers, where, is_tested=is_tested, tell=tell)


def _asked(given: Answers, ask: Ask, tell: Tell) -> Answers:
    """Symbols, key, secret and channel; an answer that is refused is asked for again."""
    language = given.language
    answers = _until_accepted(
        lambda: replace(given, symbols=_symbols(_or(ask, say(language, "init.symbols"), given.symbols))), tell
    )
    key = ask(say(language, "init.key"), False).strip()
    if key:
        answers = replace(answers, api_key=key, api_secret=ask(say(language, "init.secret"), True).strip())
        _checked(answers)
    return _until_accepted(
        lambda: replace(answers, channel=ask(say(language, "init.channel"), True).strip()), tell
    )


def _until_accepted(make: Callable[[], Answers], tell: Tell) -> Answers:
    for left in range(TRIES - 1, -1, -1):
        try:
            return _checked(make())
        except SettingsError as cause:
            if not left:
                raise
            tell(str(cause))
    raise AssertionError("unreachable")


def _language(given: Answers, ask: Ask) -> str:
    answer = ask(f"Language / 语言 [{given.language}] (en, zh): ", False).strip().lower() or given.language
    if answer not in LANGUAGES:
        raise SettingsError(f"language = {answer!r}: write {' or '.join(LANGUAGES)}")
    return answer


def _or(ask: Ask, question: str, default: tuple[str, ...]) -> str:
    words = ", ".join(default)
    return ask(f"{question} [{words}]: ", False).strip() or words


def _agreed(ask: Ask, question: str, default: bool) -> bool:
    """Yes or no; only a clear word goes against the default."""
    answer = ask(f"{question} [{'Y/n' if default else 'y/N'}]: ", False).strip().lower()
    return answer not in NO if default else answer in YES


def _symbols(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.upper() for part in re.split(r"[\s,，、;]+", text) if part))


def _checked(answers: Answers) -> Answers:
    """The answers, if a desk would accept them.

    Raises:
        SettingsError: naming field, value and remedy.
    """
    if answers.language not in LANGUAGES:
        raise SettingsError(f"language = {answers.language!r}: write {' or '.join(LANGUAGES)}")
    if bool(answers.api_key) != bool(answers.api_secret):
        raise SettingsError("api_key and api_secret belong together: give both or neither")
    settings.plausible_symbols(answers.symbols)
    if answers.channel:
        notify.open_channel(CHANNEL, answers.channel)
    return answers


# --- writing ---------------------------------------------------------------------------------------


def _standing(where: Places) -> list[Path]:
    candidates = (where.config, *(where.secrets / name for name in SECRET_FILES))
    return [file for file in candidates if file.exists()]


def _names(where: Places) -> str:
    return ", ".join(str(file) for file in _standing(where))


def _refuse_to_replace(where: Places) -> None:
    if _standing(where):
        raise SettingsError(
            f"{_names(where)}: there already; nothing was changed. Edit it, move it away, or run `risk init`"
            " without --yes: it asks before it replaces anything"
        )


def _finish(answers: Answers, where: Places, *, is_tested: bool, tell: Tell) -> int:
    language = answers.language
    for old, kept in _keep(where).items():
        tell(say(language, "init.moved", old=str(old), kept=str(kept)))
    for file in write(answers, where):
        tell(say(language, "init.wrote", file=str(file)))
    elsewhere = Path(platformdirs.user_config_dir(settings.APPLICATION)) / "risk.toml"
    if elsewhere.is_file() and elsewhere != where.config:
        tell(say(language, "init.covers", file=str(elsewhere)))
    proven = prove(answers, tell) if is_tested else True
    tell(say(language, "init.next"))
    return 0 if proven else 1


def _keep(where: Places) -> Mapping[Path, Path]:
    """What stands there is moved aside, not lost: old path -> new path."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    kept = {}
    for file in _standing(where):
        # A name with a dot in front: the secrets directory takes every other file for a setting.
        beside = file.with_name(f".{file.name}.before-{stamp}")
        file.replace(beside)
        kept[file] = beside
    return kept


def write(answers: Answers, where: Places) -> list[Path]:
    """Write risk.toml, and each secret into a file that its owner alone may read; the files.

    Raises:
        OSError: a folder cannot be written to.
    """
    secrets = {"api_key": answers.api_key, "api_secret": answers.api_secret}
    if answers.channel:
        secrets["channels"] = json.dumps(_channels(answers), ensure_ascii=False)
    where.secrets.mkdir(parents=True, mode=0o700, exist_ok=True)
    written = [_private(where.config, _toml(answers))]
    for name, text in secrets.items():
        if text:
            written.append(_private(where.secrets / name, text + "\n"))
    return written


def _channels(answers: Answers) -> list[dict[str, str]]:
    return [{"name": "console", "url": "console://"}, {"name": CHANNEL, "url": answers.channel}]


def _toml(answers: Answers) -> str:
    symbols = ", ".join(json.dumps(symbol) for symbol in answers.symbols)
    return (
        "# Settings of the risk desk. Key, secret and channels stand in the secrets directory.\n"
        "# docs/operations.md lists what else may stand here; `risk doctor` checks it.\n"
        f"symbols = [{symbols}]\n"
        f"language = {json.dumps(answers.language)}\n"
    )


def _private(file: Path, text: str) -> Path:
    """Write whole or not at all, mode 0600 from the first byte on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)
    return file


# --- proving ---------------------------------------------------------------------------------------


def prove(answers: Answers, tell: Tell) -> bool:
    """Send a test to what was written; True when every channel took it."""
    settings.load.cache_clear()
    known = settings.load()
    outcomes = [_sent(channel, known, tell) for channel in known.channels]
    return all(outcomes)


def _sent(channel: ChannelSettings, known: Settings, tell: Tell) -> bool:
    language = channel.language or known.language
    text = wording.message(trial(datetime.now(UTC)).items, language)
    try:
        opened = notify.open_channel(
            channel.name, channel.url.get_secret_value(), telegram_api_base=known.telegram_api_base
        )
        notify.send(opened, text.title, text.body, text.html)
    except DeliveryError as cause:
        tell(say(language, "init.refused", channel=channel.name, reason=cause.reason))
        return False
    tell(say(language, "init.accepted", channel=channel.name))
    return True
