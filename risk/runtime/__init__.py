"""What the system runs on: processes, database server, orchestrator."""
