"""The outside world: exchange, database, messages, environment."""
