"""The owner of the tables, who may what the house behind walls may not: lift guards, change history, count rows."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import Engine

from ledger.core.db import db
from tests.conftest import OWNER


def owner() -> Engine:
    """The owner's engine on this house's database; the house's own, where it owns the tables itself."""
    found: Engine = current_app.config.get(OWNER, db.engine)
    return found
