"""What alembic runs: our migrations, inside the transaction that risk.adapters.migrate opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema="risk",
)
context.run_migrations()
