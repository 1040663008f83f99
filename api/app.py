"""`create_app`: the rooms put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask_migrate import Migrate

import web
from api import auth, commands, config, errors, health, limits, logs, shields, sign_in
from api.config import OIDC
from api.documents import new_api
from api.resources import RESOURCES
from ledger import rooms
from ledger.core import outgoing, secrets, walls
from ledger.core.db import Base, db, only_read, reading_engine
from ledger.people import deliveries, providers, second_factor


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """The application, configured from the environment and then from `overrides`."""
    app = Flask("redflower", root_path=str(config.INSTANCE.parent), static_folder="static")
    app.config.from_mapping({} if overrides and "SQLALCHEMY_DATABASE_URI" in overrides else config.from_environment())
    app.config.from_mapping(overrides or {})
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", config.engine_options(app.config))
    assert rooms.REGISTERING, "every room has registered its checks and jobs"
    take_settings(app.config)
    db.init_app(app)
    with app.app_context():
        if app.config.get("DATABASE_WALLS"):
            walls.stand_behind(db.engine)
        # Behind walls and PgBouncer's pool both, a connection that was told where it stands may be another's next.
        has_own = bool(app.config.get("DATABASE_PREPARES", True)) or not app.config.get("DATABASE_WALLS")
        reads = reading_engine(db.engine, by_itself=has_own)
    app.before_request(lambda: only_read(reads))
    app.teardown_request(lambda _fault: only_read(None))
    logs.register(app)
    shields.register(app)
    errors.register(app)
    auth.register(app)
    documents = new_api(app)
    for blueprint in RESOURCES:
        documents.register_blueprint(blueprint)
    limits.register(app, sign_in.blp)
    web.register(app)
    limits.shield_pages(app)
    health.register(app)
    commands.register(app)
    Migrate(app, db, directory=str(config.INSTANCE.parent / "migrations"), metadata=Base.metadata)
    return app


def take_settings(config: Mapping[str, Any]) -> None:
    """What the rooms read from settings they read from these from now on, in the whole process."""
    secrets.configure(config["SECRET_KEY"])
    outgoing.configure(is_lenient=config["REDFLOWER_ENV"] != "production")
    second_factor.require_it(bool(config.get("REQUIRE_SECOND_FACTOR")))
    deliveries.use_gateway(config.get("SMS_GATEWAY_URL", ""), config.get("SMS_GATEWAY_KEY", ""))
    providers.use_provider(*(config.get(f"OIDC_{name}", "") for name in OIDC))
