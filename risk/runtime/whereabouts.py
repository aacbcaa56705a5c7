"""What a running desk wrote down of its parts, for whoever looks at it from another process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = "stack.json"


def read(folder: Path) -> dict[str, Any] | None:
    """What the desk of this data directory last wrote; None when there is none."""
    try:
        said = json.loads((folder / FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return said if isinstance(said, dict) else None


def write(folder: Path, said: dict[str, Any]) -> None:
    """Put it in the place of what was written before, whole."""
    draft = folder / f"{FILE}.new"
    draft.write_text(json.dumps(said))
    draft.replace(folder / FILE)
