"""The page's addresses: files, JSON answers and the stream of events. Everything is a GET."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from risk.adapters.settings import Settings
from risk.errors import StoreError
from risk.web import answers, study, words
from risk.web.guard import App, Guard
from risk.web.live import Live, TooManyError
from risk.web.plan import plan
from risk.web.reading import as_json

STATIC = Path(__file__).parent / "static"
LONGEST_NAME = 60

Clock = Callable[[], datetime]
Language = Literal["en", "zh"]
Name = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME)]


def create_app(config: Settings, clock: Clock = lambda: datetime.now(UTC)) -> App:
    """The page over the database of `config`, behind its guard."""
    live = Live(config, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        live.start()
        yield
        await live.stop()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, title="crypto-risk")
    _add_answers(app, config, clock)
    _add_stream(app, live)
    app.mount("/static", _Fresh(directory=STATIC), name="static")

    @app.get("/")
    def page() -> Response:
        return FileResponse(STATIC / "index.html", headers=_Fresh.headers)

    @app.exception_handler(StoreError)
    async def no_database(_: Request, __: Exception) -> Response:
        return json({"reason": "database"}, status=503)

    return Guard(
        app,
        token=None if config.web.token is None else config.web.token.get_secret_value(),
        names=config.web.names,
    )


def json(answer: object, *, status: int = 200) -> Response:
    """An answer of the interface."""
    return Response(as_json(answer), status_code=status, media_type="application/json")


def _add_answers(app: FastAPI, config: Settings, clock: Clock) -> None:
    @app.get("/api/words/{language}")
    def of_language(language: Language) -> Response:
        return json(words.of(language))

    @app.get("/api/start")
    def start() -> Response:
        return json({"language": config.language, "symbols": config.symbols, "spans": list(answers.SPANS)})

    @app.get("/api/desk")
    def desk() -> Response:
        return json(answers.desk(config, clock()))

    @app.get("/api/series")
    def series(symbol: Name, span: str = "6h") -> Response:
        if span not in answers.SPANS:
            return json({"reason": f"span is one of {', '.join(answers.SPANS)}"}, status=422)
        return json(answers.series(config, symbol, span, clock()))

    @app.get("/api/moment")
    def moment(scope: Name, at: datetime) -> Response:
        when = at if at.tzinfo else at.replace(tzinfo=UTC)
        found = answers.moment(config, scope, when)
        return json({"reason": "no score"}, status=404) if found is None else json(found)

    @app.get("/api/alerts")
    def alerts(language: Language = "en", hours: Annotated[int, Query(ge=1, le=720)] = 24) -> Response:
        return json(answers.alerts(config, language, hours, clock()))

    @app.get("/api/plan")
    def what_to_do() -> Response:
        return json(plan(config, clock()))

    @app.get("/api/var")
    def value_at_risk(scope: Name = "account", interval: Literal["1h", "1d"] = "1h") -> Response:
        return json(study.value_at_risk(config, scope, interval, clock()))

    @app.get("/api/strategies")
    def strategies() -> Response:
        return json(study.strategies(config))

    @app.get("/api/pulse")
    def pulse() -> Response:
        return json(answers.seen(config, clock()))

    @app.get("/api/health")
    def health() -> Response:
        return json(answers.health(config, clock()))


def _add_stream(app: FastAPI, live: Live) -> None:
    @app.get("/api/events")
    async def events() -> Response:
        if live.is_full:
            return json({"reason": "too many viewers"}, status=503)
        return StreamingResponse(_quietly(live), media_type="text/event-stream")


async def _quietly(live: Live) -> AsyncIterator[bytes]:
    try:
        async for frame in live.watch():
            yield frame
    except TooManyError:
        return


class _Fresh(StaticFiles):
    """Files that a browser asks about each time: an update of the program is seen at once."""

    headers: Mapping[str, str] = {"cache-control": "no-cache"}

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(self.headers)
        return response
