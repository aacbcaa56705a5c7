"""Database addresses: a plain libpq URL outside, SQLAlchemy's form inside, TLS wherever a wire is."""

from __future__ import annotations

from ipaddress import ip_address

from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from risk.errors import SettingsError


def sqlalchemy_url(url: str) -> URL:
    """SQLAlchemy's form of a libpq URL, e.g. postgresql://me@db.example/risk?sslmode=verify-full.

    Raises:
        SettingsError: it is no such URL, or its host is another machine and the certificate is not
            verified (sslmode=verify-full).
    """
    try:
        parsed = make_url(url)
        settings = conninfo_to_dict(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    except (ArgumentError, ProgrammingError, ValueError) as cause:
        raise SettingsError("database_url is no address like postgresql://user@host/database") from cause
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(f"database_url begins with {parsed.drivername}: write postgresql://…")
    hosts = str(settings.get("hostaddr") or settings.get("host") or "").split(",")
    if not all(_is_this_machine(host) for host in hosts) and settings.get("sslmode") != "verify-full":
        raise SettingsError(
            f"database_url names the remote host {','.join(hosts)} without sslmode=verify-full: add "
            "?sslmode=verify-full&sslrootcert=… so that nobody can read along or pose as the database"
        )
    return parsed.set(drivername="postgresql+psycopg")


def libpq_url(url: str) -> str:
    """The same address for psycopg, psql and pg_dump; checked as `sqlalchemy_url` does."""
    return sqlalchemy_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _is_this_machine(host: str) -> bool:
    """A socket's folder, an empty name (libpq's default socket) or a loopback address."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
