"""The database's door: everything that is written to it or read from it goes through here."""

from __future__ import annotations

from risk.adapters.store_engine import connect, dispose
from risk.adapters.store_save import replace_positions, save
from risk.adapters.store_state import latest_state

__all__ = ["connect", "dispose", "latest_state", "replace_positions", "save"]
