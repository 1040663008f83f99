"""What the recognition room asks of its rows: that nothing frozen was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from ledger.core import registry
from ledger.core.db import db
from ledger.core.registry import Finding
from ledger.recognition.models import Certificate, Summary


@registry.check("summaries_match", "certificates_match")
def frozen_as_signed(part: registry.Part) -> Iterator[Finding]:
    """Every signed summary and every issued certificate is what its SHA-256 says."""
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("summaries_match", Summary, Summary.signed_at),
        ("certificates_match", Certificate, Certificate.issued_at),
    )
    for name, model, since in kinds:
        query = select(model).where(model.digest.is_not(None)).execution_options(yield_per=500)
        if part.since is not None:
            query = query.where(since >= part.since)
        for row in db.session.scalars(query):
            if hashlib.sha256(row.document or b"").digest() != row.digest:
                yield Finding(name, row.community_id, f"{name.partition('_')[0]}: {row.id} is not what was frozen")
