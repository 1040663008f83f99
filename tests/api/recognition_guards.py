"""Who is refused at the resources of recognition, and the things that are asked for there."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.evidence import canonical
from ledger.core.ids import new_id
from ledger.people.members import load_community, load_member
from ledger.people.models import Member
from ledger.recognition import freezing, summaries
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    Honour,
    Nomination,
    NominationState,
    PriorityEntry,
    PriorityList,
    PublicObjection,
    SubjectKind,
)
from ledger.recognition.freezing import NAME
from ledger.recognition.models import Certificate, CertificateState, Summary, SummaryState

OF_RECOGNITION: dict[str, tuple[str, dict[str, Any] | None]] = {
    "summaries.list_rows": ("volunteer", None),
    "summaries.post_sign_off": ("treasurer", {}),
    "summaries.post_publish": ("admin", {}),
    "certificates.list_certificates": ("owner", None),
    "service-records.list_records": ("owner", None),
    "service-records.list_service_records_csv": ("owner", None),
    "service-records.list_service_records_xlsx": ("owner", None),
    "certificates.get_certificate": ("volunteer", None),
    "certificates.post_certificate": (
        "volunteer", {"member_id": "member_id", "starts_on": "2026-01-01", "ends_on": "2026-11-01", "purpose": "入学"},
    ),
    "certificates.post_issue": ("supervisor", {}),
    "certificates.post_revoke": ("volunteer", {"reason": "不对"}),
    "commendations.post_commendation": ("supervisor", {"year": 2026, "kind": "volunteer", "title": "优秀志愿者"}),
    "commendations.post_criteria": ("coordinator", {"hours": 1}),
    "commendations.list_candidates": ("volunteer", None),
    "commendations.post_open": ("supervisor", {}),
    "commendations.post_drop": ("stamper", {}),
    "commendations.post_nominate": ("admin", {"subject_id": "member_id", "reason": "好"}),
    "commendations.post_review": ("admin", {"nomination_id": "nomination_id", "is_for": True}),
    "commendations.post_announce": ("supervisor", {}),
    "commendations.post_answer": ("supervisor", {"is_upheld": False, "answer": "看过"}),
    "commendations.post_freeze": ("supervisor", {}),
    "commendations.post_publish": ("admin", {}),
    "honours.list_papers": ("supervisor", None),
    "honours.get_paper": ("volunteer", None),
    "honours.post_revoke": ("supervisor", {"reason": "不对"}),
    "priority-lists.get_lists": ("admin", None),
    "priority-lists.post_entry": ("admin", {"list_kind": "community_reserve", "member_id": "member_id"}),
    "priority-lists.post_end": ("supervisor", {}),
    "years.get_year": ("volunteer", None),
    "street.get_street": ("admin", None),
}  # fmt: skip
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""

OPEN_RECOGNITION = {
    "summaries.list_summaries", "summaries.get_summary", "summaries.get_frozen", "board.get_board", "board.get_donors",
    "commendations.list_commendations", "commendations.get_commendation", "commendations.get_frozen",
    "commendations.post_objection",
}  # fmt: skip
"""What of it is public about a community."""

SAID_BY_ANYBODY = {"commendations.post_objection": {"words": "漏了人"}}
"""The bodies of what anybody may send to it."""


@atomic
def recognised(community_id: UUID, member_id: UUID) -> dict[str, Any]:
    """A published summary of October, a certificate that waits, a published commendation, an entry of a list."""
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
    return {
        "month": "2026-10", "figure": "people", "year": "2026", "number": "NH-AAAA", "certificate_id": certificate.id,
        **_commended(community_id, member_id),
    }  # fmt: skip


def _honour(named: Nomination, member: Member) -> Honour:
    community, honour_id, number = load_community(named.community_id), new_id(), "NH-BBBB"
    document = canonical(
        form=1, number=number, community_id=community.id, community=community.name, is_demo=False,
        kind=SubjectKind.VOLUNTEER, title="优秀志愿者", year=2026, minutes=1, visits=1, issued_on=clock.today(),
        commendation="", name_commitment=keep_words(
            community.id, member.name, thing_id=honour_id, field=NAME, owner_id=member.person_id
        ),
    )  # fmt: skip
    return Honour(
        community_id=community.id, id=honour_id, nomination_id=named.id, number=number, document=document,
        digest=hashlib.sha256(document).digest(), issued_at=clock.now(), issued_by=new_id(), reason="",
    )  # fmt: skip


def _commended(community_id: UUID, member_id: UUID) -> dict[str, Any]:
    now, by = clock.now(), new_id()
    row = Commendation(
        community_id=community_id, id=new_id(), year=2026, kind=SubjectKind.VOLUNTEER, title="优秀志愿者",
        state=CommendationState.ANNOUNCED, terms={}, most=1, bonus_points=0, drafted_at=now, drafted_by=new_id(),
        announced_at=now, announced_by=by, ends_at=now,
    )  # fmt: skip
    named = Nomination(
        community_id=community_id, id=new_id(), commendation_id=row.id, member_id=member_id, reason="好",
        state=NominationState.ANNOUNCED, minutes=1, visits=1, nominated_at=now, nominated_by=by,
    )  # fmt: skip
    objection = PublicObjection(
        community_id=community_id, id=new_id(), commendation_id=row.id, words="漏了人", asked_at=now, answer="",
    )  # fmt: skip
    honour = _honour(named, load_member(community_id, member_id))
    entry = PriorityEntry(
        community_id=community_id, id=new_id(), list_kind=PriorityList.COMMUNITY_RESERVE, member_id=member_id,
        note="", added_at=now, added_by=by,
    )  # fmt: skip
    for rows in ([row], [named, entry], [objection, honour]):
        db.session.add_all(rows)
        db.session.flush()
    row.document = freezing.bytes_of(row)
    row.digest = hashlib.sha256(row.document).digest()
    row.state, row.frozen_at, row.frozen_by = CommendationState.PUBLISHED, now, new_id()
    row.published_at, row.published_by = now, by
    db.session.flush()
    return {
        "commendation_id": row.id, "nomination_id": named.id, "public_objection_id": objection.id,
        "honour_id": honour.id, "entry_id": entry.id,
    }  # fmt: skip
