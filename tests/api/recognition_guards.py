"""Who is refused at the resources of recognition, and the things that are asked for there."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people.members import load_community
from ledger.recognition import summaries
from ledger.recognition.models import Certificate, CertificateState, Summary, SummaryState

OF_RECOGNITION: dict[str, tuple[str, dict[str, Any] | None]] = {
    "summaries.post_sign_off": ("treasurer", {}),
    "summaries.post_publish": ("admin", {}),
    "certificates.list_certificates": ("owner", None),
    "certificates.get_certificate": ("volunteer", None),
    "certificates.post_certificate": (
        "volunteer", {"member_id": "member_id", "starts_on": "2026-01-01", "ends_on": "2026-11-01", "purpose": "入学"},
    ),
    "certificates.post_issue": ("supervisor", {}),
    "certificates.post_revoke": ("volunteer", {"reason": "不对"}),
    "years.get_year": ("volunteer", None),
    "street.get_street": ("admin", None),
}  # fmt: skip
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""

OPEN_RECOGNITION = {
    "summaries.list_summaries", "summaries.get_summary", "summaries.get_frozen", "board.get_board", "board.get_donors",
}  # fmt: skip
"""What of it is public about a community."""


@atomic
def recognised(community_id: UUID, member_id: UUID) -> dict[str, Any]:
    """A published summary of October and a certificate that waits."""
    month, by, now = date(2026, 10, 1), new_id(), clock.now()
    document = summaries.bytes_of(load_community(community_id), month, now)
    summary = Summary(
        community_id=community_id, id=new_id(), month=month, state=SummaryState.PUBLISHED,
        document=document, digest=hashlib.sha256(document).digest(), known_at=now, signed_at=now, signed_by=new_id(),
        published_at=now, published_by=by,
    )  # fmt: skip
    certificate = Certificate(
        community_id=community_id, id=new_id(), member_id=member_id, state=CertificateState.ASKED,
        starts_on=date(2026, 1, 1), ends_on=date(2026, 11, 1), purpose="入学", asked_at=now, asked_by=by, reason="",
    )  # fmt: skip
    db.session.add_all([summary, certificate])
    db.session.flush()
    return {"month": "2026-10", "year": "2026", "number": "NH-AAAA", "certificate_id": certificate.id}
