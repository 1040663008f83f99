"""The pages without the house behind them: enough for their look, their words and their formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

import web
from api.auth import IdConverter

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pages() -> Flask:
    """An app that has only pages, and no database."""
    app = Flask("redflower", root_path=str(ROOT), static_folder="static")
    app.config.update(SECRET_KEY="only for tests", TESTING=True)
    app.url_map.converters["id"] = IdConverter
    web.register(app)
    return app
