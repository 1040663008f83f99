"""`python -m tests.conformance`: write golden.json anew, from SQLite. Only when an outcome is meant to change."""

from __future__ import annotations

import json

from flask_migrate import upgrade

from ledger.core.db import db
from tests.conformance.scenarios import outcomes
from tests.conformance.test_conformance import GOLDEN
from tests.conftest import SqliteDatabase
from tests.crash_worker import house


def main() -> None:
    database = SqliteDatabase()
    app = house(database.url)
    with app.app_context():
        upgrade()
        found = outcomes()
        db.session.remove()
        db.engine.dispose()
    database.drop()
    GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
