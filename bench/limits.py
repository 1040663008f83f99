"""The limits written in SQL: functions beside the house's own tables, and the work they are given."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.writing import fingerprint_of
from ledger.core import audit
from ledger.core.db import atomic, db
from ledger.core.idempotency import OnceKey, Request, digest_of_request
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, scoped

CALLER = "127.0.0.1"
"""Where the bench's clients call from."""

FOLDER = Path(__file__).parent / "sql"


@atomic
def install(name: str) -> None:
    """The function of sql/{name}.sql exists, with its table of work; nothing happens where it did before."""
    connection = db.session.connection()
    for script, function in (("ids", "bench_id"), (name, f"bench_{name}")):
        if connection.scalar(text("SELECT to_regproc(:name)"), {"name": function}) is None:
            # The driver's own cursor: a script is many statements, and its % are no placeholders.
            connection.connection.cursor().execute((FOLDER / f"{script}.sql").read_text())


@atomic
def give(table: str, rows: Sequence[dict[str, Any]]) -> None:
    """The function's work is these rows and no others."""
    columns = list(rows[0])
    db.session.execute(text(f"TRUNCATE {table}"))
    values = ", ".join(f":{column}" for column in columns)
    db.session.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"), list(rows))


def request_facts(actor: Actor, path: str, body: str, answer: str) -> dict[str, Any]:
    """What a request with a fresh key leaves in the books beside its effect."""
    asked = Request(actor, f"POST {path}", uuid.uuid4().hex, fingerprint_of(json.loads(body)))
    return {
        "route": asked.route,
        "key": asked.key,
        "fingerprint": asked.fingerprint,
        "digest": digest_of_request(asked),
        "request_id": new_id().hex,
        "origin": audit.origin_of(CALLER),
        "session_id": actor.session_id,
        "answer": answer,
    }


def last_answer(community_id: UUID) -> str:
    """The answer that the house remembered last: the limit stores one as long."""
    query = scoped(community_id, OnceKey.answer).order_by(OnceKey.created_at.desc()).limit(1)
    answer: str = db.session.execute(query).scalar_one()
    db.session.close()
    return answer
