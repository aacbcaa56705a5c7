"""The database's door: everything that is written to it or read from it goes through here."""

from __future__ import annotations

from risk.adapters.store_engine import connect, dispose

__all__ = ["connect", "dispose"]
