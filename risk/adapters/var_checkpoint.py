"""Pieces of a VaR backtest that are done, on disk, so that an interrupted one goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from risk.recurrence import series
from risk.var_study import Piece, Plan

FORM = "1"
"""Of the files; another one leaves them unread."""


def folder(data_dir: Path, returns: ArrayLike, plan: Plan) -> Path:
    """Where the pieces of this very question lie: its name is made of the returns and the plan."""
    digest = hashlib.sha256(FORM.encode())
    digest.update(json.dumps(asdict(plan), sort_keys=True).encode())
    digest.update(series(returns).tobytes())
    return data_dir / "backtests" / f"var-{digest.hexdigest()[:16]}"


def save(place: Path, piece: Piece) -> None:
    """Write a piece whole or not at all.

    Raises:
        OSError: the folder cannot be written to.
    """
    place.mkdir(parents=True, exist_ok=True)
    arrays = {f"{method}|{level}": np.vstack(path) for (method, level), path in piece.paths.items()}
    about = {"start": piece.start, "stop": piece.stop, "fits": piece.fits, "refused": dict(piece.refused)}
    beside = place / f".{piece.start}.new.npz"
    np.savez(beside, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    beside.replace(place / f"{piece.start}.npz")


def load(place: Path, span: tuple[int, int], plan: Plan) -> Piece | None:
    """The piece of a span; None where there is none, or none that can be read whole."""
    try:
        with np.load(place / f"{span[0]}.npz") as found:
            about = json.loads(str(found["about"]))
            both = {(m, at): found[f"{m}|{at}"] for m in plan.methods for at in plan.levels}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if (about["start"], about["stop"]) != span:
        return None
    paths = {key: (table[0], table[1]) for key, table in both.items()}
    return Piece(start=span[0], stop=span[1], paths=paths, fits=about["fits"], refused=about["refused"])


def forget(place: Path) -> None:
    """Remove the pieces of a study that is done."""
    shutil.rmtree(place, ignore_errors=True)
