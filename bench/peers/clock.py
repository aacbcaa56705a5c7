"""`python -m bench.peers.clock NAME SUBJECT TAPE ROUNDS`: a peer and the plain way in alternation, as JSON."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time


def main(name: str, subject: str, path: str, rounds: int) -> None:
    plain = importlib.import_module(f"bench.naive_{subject}")
    given = plain.given(path)
    peer = importlib.import_module(f"bench.peers.{name}.{subject}").replay
    times: dict[str, list[float]] = {"naive": [], "peer": []}
    answer: list[list[float]] = []
    for _ in range(rounds):
        for key, replay in (("naive", plain.replay), ("peer", peer)):
            gc.collect()
            start = time.process_time()
            answer = replay(*given)
            times[key].append(time.process_time() - start)
    print(json.dumps(times | {"answer": answer}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
