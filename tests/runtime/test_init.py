"""`risk init`: few questions, files only for their owner, nothing replaced unasked, a proven channel."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk import cli
from risk.adapters import settings
from risk.errors import SettingsError
from risk.runtime.first_settings import Answers, begin

DEAD = "json://127.0.0.1:9/"  # port 9, discard: nothing listens
KEY, SECRET = "k" * 20, "s" * 20


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in settings.PLACES | {f"RISK_{field.upper()}" for field in settings.Settings.model_fields}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    settings.load.cache_clear()
    yield tmp_path
    settings.load.cache_clear()


class Person:
    """Answers in order, and remembers what was asked and told."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked, self.told = list(answers), list[tuple[str, bool]](), list[str]()

    def answer(self, question: str, is_secret: bool) -> str:
        self.asked.append((question, is_secret))
        return self.answers.pop(0)

    def begin(self, given: Answers | None = None, *, is_asking: bool = True) -> int:
        return begin(given or Answers(), is_asking=is_asking, ask=self.answer, tell=self.told.append)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_enter_at_every_question_gives_a_desk_that_watches_the_market(home: Path) -> None:
    person = Person("", "", "", "", "")
    assert person.begin() == 0
    known = settings.load()
    assert known.symbols == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert (known.language, known.watches_account) == ("en", False)
    assert [one.name for one in known.channels] == ["console"]
    assert mode(home / "risk.toml") == 0o600
    assert list((home / "secrets").iterdir()) == []


def test_key_secret_and_channel_go_into_files_of_their_owner_and_not_into_risk_toml(home: Path) -> None:
    person = Person("zh", "ethusdt， btcusdt", KEY, SECRET, "json://127.0.0.1:9/hook-password", "n")
    assert person.begin() == 0
    known = settings.load()
    assert (known.language, known.symbols) == ("zh", ("ETHUSDT", "BTCUSDT"))
    assert known.api_secret is not None and known.api_secret.get_secret_value() == SECRET
    assert [one.url.get_secret_value() for one in known.channels][1].endswith("hook-password")
    assert {mode(file) for file in (home / "secrets").iterdir()} == {0o600}
    assert mode(home / "secrets") == 0o700
    said = (home / "risk.toml").read_text() + "".join(person.told)
    assert SECRET not in said and KEY not in said and "hook-password" not in said
    assert [is_secret for _, is_secret in person.asked] == [False, False, False, True, True, False]


def test_there_are_seven_questions_at_most(home: Path) -> None:
    (home / "risk.toml").write_text('symbols = ["XRPUSDT"]\n')
    person = Person("en", "y", "BTCUSDT", KEY, SECRET, DEAD, "n")
    assert person.begin() == 0
    assert len(person.asked) == 7


def test_settings_that_stand_are_kept_unless_their_owner_says_otherwise(home: Path) -> None:
    old = 'symbols = ["XRPUSDT"]\n'
    (home / "risk.toml").write_text(old)
    assert Person("en", "").begin() == 0
    assert (home / "risk.toml").read_text() == old
    with pytest.raises(SettingsError, match="there already; nothing was changed"):
        Person().begin(is_asking=False)
    assert (home / "risk.toml").read_text() == old


def test_what_is_replaced_is_kept_beside_and_no_longer_in_force(home: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "api_key").write_text("old key")
    assert Person("en", "y", "", "", "", "n").begin() == 0
    (kept,) = (home / "secrets").iterdir()
    assert kept.read_text() == "old key" and kept.name.startswith(".api_key.before-")
    assert not settings.load().watches_account


@pytest.mark.parametrize(
    ("wrong", "words"), [("BTC USDT!", "cannot be a symbol"), ("BTCUSDT;;<b>", "cannot be a symbol")]
)
def test_a_refused_answer_is_asked_for_again(wrong: str, words: str) -> None:
    person = Person("en", wrong, "BTCUSDT", "", "not an address", "", "n")
    assert person.begin() == 0
    assert words in person.told[0]
    assert "not an Apprise URL" in person.told[1] and "not an address" not in person.told[1]


def test_the_third_refusal_ends_it_and_nothing_is_written(home: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be a symbol"):
        Person("en", "?", "?", "?").begin()
    assert not (home / "risk.toml").exists()


def test_a_key_without_its_secret_is_refused(home: Path) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        Person("en", "", KEY, "").begin()
    assert not (home / "risk.toml").exists()


def test_a_channel_that_does_not_take_the_test_is_named_and_the_status_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    person = Person("en", "", "", DEAD, "y")
    assert person.begin() == 1
    assert any(line.startswith("first: did not take the test alert (unreachable)") for line in person.told)
    assert any(line.startswith("console: took the test alert") for line in person.told)
    assert "test" in capsys.readouterr().out.lower()


def test_without_questions_the_command_takes_options_and_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RISK_API_KEY", KEY)
    monkeypatch.setenv("RISK_API_SECRET", SECRET)
    assert cli.main(["init", "--yes", "--language", "zh", "--symbols", "btcusdt"]) == 0
    assert "已接受测试警报" in capsys.readouterr().out
    assert (home / "secrets" / "api_secret").read_text().strip() == SECRET
    assert settings.load().symbols == ("BTCUSDT",)
    assert cli.main(["init", "--yes"]) == 2
    assert capsys.readouterr().err.startswith("refused: ")


def test_with_nobody_to_ask_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read) as closed:
        monkeypatch.setattr("sys.stdin", closed)
        assert cli.main(["init"]) == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_completion_that_knows_the_commands(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "doctor" in script and "report" in script


def test_bash_understands_the_completion(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "bash"]) == 0
    script = home / "completion.bash"
    script.write_text(capsys.readouterr().out)
    asked = f"source {script}; COMP_WORDS=(risk doc); COMP_CWORD=1; _risk; echo ${{COMPREPLY[*]}}"
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "doctor"
