"""Whether a test wrote anything that the named checks read; a test that only looked leaves the books as they were."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Engine, event

UNREAD = frozenset(
    {
        *("activities", "audit_lines", "authenticators", "branches", "checkins", "communities", "consents"),
        *("deliveries", "files", "job_runs", "notices", "offer_versions", "offers", "passwords", "persons", "phones"),
        *("posts", "programme_rules", "programmes", "role_grants", "sessions", "sign_in_codes", "sign_in_tries"),
        *("sign_ups", "units"),
    }
)
"""Tables that no check reads (tests/ledger/book/test_checking.py proves it), and that many tests write to."""

READING = re.compile(r"\s*(?:SELECT|SHOW|PRAGMA|SET|SAVEPOINT|RELEASE|ROLLBACK|BEGIN)\b", re.IGNORECASE)
UNREAD_WRITTEN = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM) (?:{'|'.join(sorted(UNREAD))})\b")

_is_touched = False


def listen_to(engine: Engine) -> None:
    """Every statement of the engine is looked at, in whatever thread it is sent."""
    event.listen(engine, "before_cursor_execute", _look)


def _look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    global _is_touched
    if not (_is_touched or READING.match(statement) or UNREAD_WRITTEN.match(statement)):
        _is_touched = True


def forget() -> None:
    """What is in the books now is known to be clean."""
    global _is_touched
    _is_touched = False


def books_are() -> bool:
    """Something that a check reads may have been written since `forget`."""
    return _is_touched
