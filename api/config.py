"""Settings, all from the environment; .env.example says what each is for."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INSTANCE = Path(__file__).resolve().parent.parent / "instance"

OIDC = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "LABEL")


def from_environment() -> dict[str, Any]:
    """The settings of this process. Development makes and keeps its own secret; production must bring one."""
    environment = os.environ.get("REDFLOWER_ENV", "development")
    return {
        "REDFLOWER_ENV": environment,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _kept_secret(environment),
        "SQLALCHEMY_DATABASE_URI": database_url(os.environ.get("DATABASE_URL", "")),
        "SMS_GATEWAY_URL": os.environ.get("SMS_GATEWAY_URL", ""),
        "SMS_GATEWAY_KEY": os.environ.get("SMS_GATEWAY_KEY", ""),
        **{f"OIDC_{name}": os.environ.get(f"OIDC_{name}", "") for name in OIDC},
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES") or 0),
        "REQUIRE_SECOND_FACTOR": _is_yes(os.environ.get("REQUIRE_SECOND_FACTOR") or environment == "production"),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", "").rstrip("/"),
        "DATABASE_POOL": int(os.environ.get("DATABASE_POOL") or 8),
        "DATABASE_PATIENCE": int(os.environ.get("DATABASE_PATIENCE") or 20),
        "DATABASE_PARTITIONS": int(os.environ.get("DATABASE_PARTITIONS") or 0),
        "DATABASE_PREPARES": _is_yes(os.environ.get("DATABASE_PREPARES") or True),
        "DATABASE_WALLS": _is_yes(os.environ.get("DATABASE_WALLS") or False),
    }


def _is_yes(setting: str | bool) -> bool:
    return str(setting).lower() in ("1", "true", "yes")


def database_url(url: str) -> str:
    """SQLAlchemy's form of a database address; the SQLite file in instance/ when there is none."""
    if not url:
        INSTANCE.mkdir(exist_ok=True)
        return f"sqlite:///{INSTANCE / 'redflower.sqlite3'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def engine_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How the house speaks to its database: nothing is waited for endlessly.

    Parameters are hidden: an error of the engine goes to the log, and names and codes must not go with it.
    """
    if settings["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        return {"connect_args": {"timeout": 30}, "hide_parameters": True}
    patience = settings.get("DATABASE_PATIENCE", 0)
    asked: dict[str, Any] = {} if settings.get("DATABASE_PREPARES", True) else {"prepare_threshold": None}
    # Commands (a backup, a check of all books, a migration) may take their time; a request may not.
    if patience and os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        asked["options"] = f"-c statement_timeout={patience}s -c idle_in_transaction_session_timeout={3 * patience}s"
    return {
        "pool_size": settings.get("DATABASE_POOL", 8),
        "max_overflow": 0,
        "pool_timeout": patience or 30,
        "hide_parameters": True,
        "connect_args": asked | (_silences(patience) if patience else {}),
    }


def _silences(patience: int) -> dict[str, int]:
    """A server that a broken network has silenced is given up after this many seconds, and not after the system's."""
    return {
        "tcp_user_timeout": 1000 * patience,
        "keepalives_idle": max(1, patience // 2),
        "keepalives_interval": max(1, patience // 6),
        "keepalives_count": 3,
    }


def _kept_secret(environment: str) -> str:
    if environment == "production":
        raise RuntimeError("SECRET_KEY must be set in production")
    INSTANCE.mkdir(exist_ok=True)
    kept = INSTANCE / "secret_key"
    if not kept.exists():
        # Another worker may start at the same moment: the first file wins.
        draft = INSTANCE / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, kept)
        draft.unlink()
    return kept.read_text()
