"""The report as a run and by command: a page in the data directory, one message a day, an artifact."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows import account, market, reference, reports, scoring
from risk import cli, wording
from risk.adapters import settings
from tests.conftest_prefect import PrefectServer


@pytest.fixture
def folder(ready: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    settings.load.cache_clear()
    return tmp_path / "data"


def test_a_run_keeps_its_page_and_tells_of_it_once(
    ready: str, folder: Path, prefect: PrefectServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in (reference.reference, account.account, market.market, scoring.scoring):
        step()
    reports.reports("daily")
    reports.reports("daily")
    (file,) = (folder / "reports").iterdir()
    assert file.name.startswith("daily-") and 0 < file.stat().st_size <= 600 * 1024
    with psycopg.connect(ready) as connection:
        told = connection.execute(
            "SELECT items FROM risk.outbox WHERE items -> 0 ->> 'name' = 'digest'"
        ).fetchall()
    assert len(told) == 1
    ((items,),) = told
    for language, words in (("en", "Account level now"), ("zh", "账户当前等级")):
        text = wording.message(items, language)
        assert words in text.body and file.name in text.body and len(text.body) < 1000
    key = ArtifactFilter(key=ArtifactFilterKey(any_=["report-daily"]))
    found = prefect.ask(lambda client: client.read_artifacts(artifact_filter=key))
    assert found and file.name in str(found[0].data)

    assert cli.main(["report", "weekly", "--language", "zh", "--out", "week.html"]) == 0
    assert capsys.readouterr().out.startswith("week.html: ")
    assert '<html lang="zh">' in (folder.parent / "week.html").read_text()
    assert cli.main(["report", "weekly", "--csv"]) == 2
