"""`python -m bench.peers.clock NAME TAPE ROUNDS`: a peer and the plain book in alternation, as JSON."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import naive_book, tape

Replay = Callable[[dict[str, Any], list[bytes]], list[list[float]]]


def main(name: str, path: str, rounds: int) -> None:
    recorded = tape.load(path)
    peer: Replay = importlib.import_module(f"bench.peers.{name}.book").replay
    times: dict[str, list[float]] = {"naive": [], "peer": []}
    answer: list[list[float]] = []
    for _ in range(rounds):
        for key, replay in (("naive", naive_book.replay), ("peer", peer)):
            gc.collect()
            start = time.process_time()
            answer = replay(recorded.snapshot, recorded.frames)
            times[key].append(time.process_time() - start)
    print(json.dumps(times | {"answer": answer}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
