"""What led to an amount, as bytes that are the same on every machine, and their SHA-256 for `source_digest`."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from uuid import UUID


def canonical(**facts: object) -> bytes:
    """The facts as JSON: names sorted, no blanks, ids as 32 hex digits, moments in UTC."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def digest_of(**facts: object) -> bytes:
    """SHA-256 of the canonical facts."""
    return hashlib.sha256(canonical(**facts)).digest()


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no fact")
