"""The page alone, beside a desk that runs: `python -m risk.web --port 8765`."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from risk.adapters import embedded, settings
from risk.errors import RiskError, SettingsError
from risk.web.app import create_app

SECONDS_TO_CLOSE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 then, 2 when the settings are refused."""
    parser = argparse.ArgumentParser(prog="python -m risk.web", description=__doc__)
    parser.add_argument("--port", type=int, help="default: web.port of the settings; 0 takes a free one")
    parser.add_argument("--host", help="default: web.host of the settings; not this machine needs a token")
    wish = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = configured(wish.host, wish.port)
    except RiskError as cause:
        print(f"refused: {cause}", file=sys.stderr)  # noqa: T201 - a command's last word
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            host=config.web.host,
            port=config.web.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=SECONDS_TO_CLOSE,
        )
    )
    server.run()
    return 0


def configured(host: str | None, port: int | None) -> settings.Settings:
    """The settings with what the command line changes, and the address of the embedded database.

    Raises:
        SettingsError: refused settings, or an address beyond this machine without a token.
    """
    config = settings.load()
    changed = {name: given for name, given in (("host", host), ("port", port)) if given is not None}
    try:
        web = settings.WebSettings.model_validate(dict(config.web) | changed)
    except ValueError as cause:
        raise SettingsError(f"web: {cause}") from None
    return config.model_copy(
        update={
            "web": web,
            "database_url": config.database_url or embedded.url(config.data_dir, role=embedded.READER),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
