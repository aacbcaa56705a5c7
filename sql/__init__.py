"""The storage: migrations, queries and reports as SQL files, read through importlib.resources."""
