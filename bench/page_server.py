"""`python -m bench.page_server URL PORT`: the page over a filled database, its clock from the last score."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

import uvicorn

from risk.adapters.settings import Settings, WebSettings
from risk.web.app import create_app
from tests.web import filled

SECRET = "s" * 30  # a desk with an account; no exchange is asked


def main(url: str, port: int) -> None:
    began = time.monotonic()

    def clock() -> datetime:
        return filled.NOW + timedelta(seconds=time.monotonic() - began)

    given = {"database_url": url, "symbols": filled.SYMBOLS, "api_key": SECRET, "api_secret": SECRET}
    config = Settings.model_validate(given | {"web": WebSettings(port=port)})
    uvicorn.run(
        create_app(config, clock), port=port, log_level="warning", access_log=False, ws="none",
        timeout_graceful_shutdown=0,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
