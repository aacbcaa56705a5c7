"""The live page: read-only, opened by `risk up` and `risk demo`, or alone by `python -m risk.web`."""
