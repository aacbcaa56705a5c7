"""Addresses of databases: a remote one must verify its certificate."""

from __future__ import annotations

import pytest

from risk.adapters import store
from risk.adapters.database_url import libpq_url, sqlalchemy_url
from risk.errors import SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@/risk?host=/run/postgresql",
        "postgresql:///risk",
        "postgresql://me:secret@127.0.0.1:5433/risk",
        "postgresql://me@[::1]/risk",
        "postgresql://localhost/risk",
        "postgresql://me@db.example.com/risk?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    ],
)
def test_local_and_verified_addresses_pass_unchanged(url: str) -> None:
    assert sqlalchemy_url(url).drivername == "postgresql+psycopg"
    assert sqlalchemy_url(libpq_url(url)) == sqlalchemy_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db.example.com/risk",
        "postgresql://me@db.example.com/risk?sslmode=require",
        "postgresql://me@db.example.com/risk?sslmode=verify-ca",
        "postgresql://me@10.0.0.5/risk",
        "postgresql://me@/risk?host=db.example.com",
        "postgresql://me@/risk?host=localhost,db.example.com",
        "postgresql://me@localhost/risk?hostaddr=10.0.0.5",
    ],
)
def test_a_remote_host_needs_a_verified_certificate(url: str) -> None:
    with pytest.raises(SettingsError, match="sslmode=verify-full"), store.connect(url):
        pass


@pytest.mark.parametrize("url", ["mysql://localhost/risk", "nonsense", ""])
def test_what_is_no_postgresql_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="database_url"):
        sqlalchemy_url(url)


def test_a_refused_address_never_shows_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        sqlalchemy_url("postgresql://me:hunter2@db.example.com/risk")
    assert "hunter2" not in str(caught.value)
