"""One worker per pool: a PostgreSQL advisory lock, held as long as its connection lives."""

from __future__ import annotations

import logging
import zlib

import psycopg

from risk.errors import RuntimeFault

LOCK_CLASS = 0x5249534B  # "RISK": the first key of our advisory locks
CONNECT_TIMEOUT_S = 3

logger = logging.getLogger(__name__)


class Role:
    """The right to be the one worker of `name`; a connection lost with the server is opened anew."""

    def __init__(self, database_url: str, name: str) -> None:
        self._url, self.name = database_url, name
        self._connection: psycopg.Connection | None = None

    def take(self) -> None:
        """Take the role, or make sure that it is still ours.

        Raises:
            RuntimeFault: another process holds it; says which.
            psycopg.OperationalError: the database does not answer.
        """
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.OperationalError:
                logger.warning("the database went away; taking the role %s anew", self.name)
                self.release()
            else:
                return
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=f"risk role {self.name}",
        )
        key = zlib.crc32(self.name.encode()) & 0x7FFFFFFF
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, key]).fetchone()
        if row is None or not row[0]:
            holder = _holder(connection, key)
            connection.close()
            raise RuntimeFault(f"another worker has the role {self.name} ({holder}): stop it first")
        self._connection = connection

    def release(self) -> None:
        """Give the role back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _holder(connection: psycopg.Connection, key: int) -> str:
    row = connection.execute(
        "SELECT a.pid, a.backend_start FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.classid::bigint = %s AND l.objid::bigint = %s AND l.granted",
        [LOCK_CLASS, key],
    ).fetchone()
    return f"since {row[1]:%Y-%m-%d %H:%M:%S} UTC" if row else "just now"
