"""Runs the numbered migrations on either engine, then installs the append-only triggers again."""

from __future__ import annotations

from alembic import context
from flask import current_app

from ledger.book import plain_posting, triggers
from ledger.core import partitions
from ledger.core.db import Base, UtcDateTime

partitions.part(current_app.config.get("DATABASE_PARTITIONS", 0))
engine = current_app.extensions["migrate"].db.engine


def name_type(kind: str, thing: object, _autogen: object) -> str | bool:
    """Migrations never import our code: a moment is written as the plain column type."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


with engine.connect() as connection:
    connection = connection.execution_options(writes=True)
    sqlite = connection.connection.dbapi_connection if connection.dialect.name == "sqlite" else None
    if sqlite is not None:
        # A batch migration drops the old table: rows that point to it must not fall with it. Checked before the commit.
        sqlite.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=name_type,
            compare_type=True,
            # One transaction for all, on SQLite too: an upgrade that fails leaves nothing, and the triggers are kept.
            transactional_ddl=True,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            if sqlite is not None:
                # A batch migration copies a table and renames the copy; views over it stay as they are.
                connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")
            context.run_migrations()
            triggers.install(connection)
            plain_posting.install(connection)
            if sqlite is not None and (dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"rows point to nothing after this migration: {dangling[:5]}")
    finally:
        if sqlite is not None:
            sqlite.execute("PRAGMA foreign_keys=ON")
