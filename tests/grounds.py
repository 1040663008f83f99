"""A PostgreSQL database with two roles: its owner's, and that of the running house, which owns nothing."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_migrate.cli import db as migrations
from sqlalchemy import text
from sqlalchemy.engine import make_url

from ledger.core import clock
from ledger.core.db import db
from tests import crash_worker
from tests.conftest import SERVER, PostgresqlDatabase, house_on


class Grounds:
    """A database of its own, its owner's house, and a role that owns nothing."""

    def __init__(self) -> None:
        self.database = PostgresqlDatabase(os.environ[SERVER])
        self.owner = house_on(self.database)
        self.role = f"app_{uuid.uuid4().hex[:12]}"
        self.as_owner(f"CREATE ROLE {self.role} LOGIN")

    def as_owner(self, statement: str) -> None:
        with self.owner.app_context(), db.engine.begin() as connection:
            connection.execute(text(statement))

    def give(self, role: str, *how: str) -> tuple[int, str]:
        answer = self.owner.test_cli_runner().invoke(migrations, ["roles", role, *how])
        return answer.exit_code, answer.output

    def house(self, **settings: Any) -> Flask:
        """The house as it runs: as the role."""
        url = make_url(self.database.url).set(username=self.role)
        return crash_worker.house(url.render_as_string(hide_password=False), **settings)

    def clear(self) -> None:
        self.as_owner(f"DROP OWNED BY {self.role}")
        self.as_owner(f"DROP ROLE {self.role}")
        with self.owner.app_context():
            db.engine.dispose()
        self.database.drop()


@pytest.fixture
def grounds() -> Iterator[Grounds]:
    found = Grounds()
    try:
        yield found
    finally:
        clock.move_to(None)
        found.clear()
