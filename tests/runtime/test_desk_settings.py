"""Settings: what overrides what, and what is refused with field, value and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk.adapters import settings
from risk.errors import SettingsError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings.load.cache_clear()
    yield
    settings.load.cache_clear()


def write_toml(folder: Path, text: str) -> None:
    (folder / "risk.toml").write_text(text)


def write_secret(folder: Path, name: str, text: str) -> None:
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / name).write_text(text)


def test_without_anything_the_documented_defaults_are_in_force() -> None:
    known = settings.load()
    assert known.symbols == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert (known.language, known.account, known.database_url) == ("en", "default", None)
    assert not known.watches_account
    assert known.exchange.rest_url == "https://fapi.binance.com"


def test_secrets_override_the_file_and_the_environment_overrides_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml(
        tmp_path, 'account = "file"\nlanguage = "zh"\napi_key = "filekey"\napi_secret = "filesecret"\n'
    )
    write_secret(tmp_path, "api_key", "secretkey\n")
    write_secret(tmp_path, "api_secret", "secretsecret")
    write_secret(tmp_path, "account", "secret")
    monkeypatch.setenv("RISK_ACCOUNT", "environment")
    known = settings.load()
    assert (known.account, known.language) == ("environment", "zh")
    assert known.api_key is not None and known.api_key.get_secret_value() == "secretkey"


def test_a_nested_key_is_reached_by_two_underscores_and_leaves_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toml(tmp_path, "[exchange]\nweight_share = 0.3\nretry_after_default_s = 30\n")
    monkeypatch.setenv("RISK_EXCHANGE__WEIGHT_SHARE", "0.4")
    exchange = settings.load().exchange
    assert (exchange.weight_share, exchange.retry_after_default_s) == (0.4, 30.0)


def test_symbols_may_be_written_with_commas_or_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_SYMBOLS", "BTCUSDT, 1000PEPEUSDT")
    assert settings.load().symbols == ("BTCUSDT", "1000PEPEUSDT")
    monkeypatch.setenv("RISK_SYMBOLS", '["ETHUSDT"]')
    settings.load.cache_clear()
    assert settings.load().symbols == ("ETHUSDT",)


def test_channels_come_as_json_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [{"name": "phone", "url": "tgram://1:abc/2", "min_severity": "critical", "language": "zh"}]
    monkeypatch.setenv("RISK_CHANNELS", json.dumps(wanted))
    (channel,) = settings.load().channels
    assert (channel.name, channel.min_severity, channel.language) == ("phone", "critical", "zh")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("simbols = []", ["simbols", "unknown key", "did you mean symbols?"]),
        ("[exchange]\nrest_urll = 1", ["exchange.rest_urll", "unknown key", "rest_url"]),
        (
            "[exchange]\nweight_share = 1.5",
            ["exchange.weight_share = 1.5", "0.9", "RISK_EXCHANGE__WEIGHT_SHARE"],
        ),
        ('[exchange]\nrest_url = "http://example.org"', ["exchange.rest_url", "https://"]),
        ("[retention]\ndepth_days = 0", ["retention.depth_days = 0", "RISK_RETENTION__DEPTH_DAYS"]),
        ('language = "fr"', ["language = 'fr'", "'en' or 'zh'"]),
        ("symbols = []", ["symbols", "at least one"]),
        ('symbols = ["btcusdt"]', ["symbols", "'btcusdt'", "BTCUSDT"]),
        ('symbols = ["B\'; drop table"]', ["symbols", "cannot be a symbol"]),
        ('symbols = ["BTCUSDT", "BTCUSDT"]', ["symbols", "twice"]),
        ('api_key = "k"', ["api_key and api_secret belong together"]),
        ('[venues]\nenabled = ["okx", "mtgox"]', ["venues", "mtgox", "okx"]),
        ("not toml at all", ["risk.toml", "not TOML"]),
    ],
)
def test_an_impossible_setting_is_refused_with_its_name(tmp_path: Path, toml: str, said: list[str]) -> None:
    write_toml(tmp_path, toml)
    with pytest.raises(SettingsError) as refused:
        settings.load()
    for words in said:
        assert words in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    write_toml(tmp_path, 'language = "fr"\n[retention]\ndepth_days = 0\n')
    with pytest.raises(SettingsError) as refused:
        settings.load()
    assert len(str(refused.value).splitlines()) == 2


def test_limits_are_read_with_their_own_refusals(tmp_path: Path) -> None:
    before = settings.load().limits.version
    write_toml(tmp_path, "[limits]\nexpected_order_notional_usdt = 250000\n")
    settings.load.cache_clear()
    assert settings.load().limits.version != before
    write_toml(tmp_path, "[limits]\nno_such_limit = 1\n")
    settings.load.cache_clear()
    with pytest.raises(SettingsError, match="no_such_limit"):
        settings.load()


def test_no_secret_is_shown_in_words_refusals_or_listings(tmp_path: Path) -> None:
    write_toml(
        tmp_path,
        'api_key = "canarykey"\napi_secret = "canarysecret"\ndatabase_url = "postgresql://u:canarypass@h/d"\n'
        '[[channels]]\nname = "mail"\nurl = "mailto://u:canarymail@example.org"\n',
    )
    known = settings.load()
    assert "canary" not in repr(known) + str(known) + json.dumps(settings.describe(known))
    write_toml(tmp_path, 'api_key = ["canarykey"]\n[[channels]]\nname = "mail"\nurl = 1234567\n')
    settings.load.cache_clear()
    with pytest.raises(SettingsError) as refused:
        settings.load()
    assert "canary" not in str(refused.value) and "1234567" not in str(refused.value)


def test_unknown_variables_are_listed_with_the_nearest_known_one() -> None:
    given = {"RISK_SYMBOLZ": "x", "RISK_EXCHANGE__REST_URL": "y", "RISK_DATA_DIR": "z", "HOME": "/"}
    assert settings.unknown_variables(given) == ["RISK_SYMBOLZ (did you mean RISK_SYMBOLS?)"]


def test_a_named_file_or_folder_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_CONFIG", "/nowhere/risk.toml")
    with pytest.raises(SettingsError, match=r"/nowhere/risk\.toml"):
        settings.load()
    monkeypatch.delenv("RISK_CONFIG")
    monkeypatch.setenv("RISK_SECRETS_DIR", "/nowhere")
    settings.load.cache_clear()
    with pytest.raises(SettingsError, match="RISK_SECRETS_DIR"):
        settings.load()
