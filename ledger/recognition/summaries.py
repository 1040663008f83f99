"""每月一总结: computed from the books whenever it is read, signed off once, published by another person.

Signing off freezes the canonical bytes and closes the month in the books (ledger.book.months): what has been published
stays true. The same rows give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ledger.book import months
from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db, snapshot
from ledger.core.errors import NotFound, WrongState
from ledger.core.evidence import canonical
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, scoped
from ledger.people.members import load_community
from ledger.people.models import Community
from ledger.recognition import contents, figures
from ledger.recognition.errors import DocumentChanged
from ledger.recognition.models import Summary, SummaryState

SIGN, PUBLISH, SEE = "sign_summary", "publish_summary", "see_summaries"


@dataclass(frozen=True, slots=True)
class SummaryView:
    """A month's summary: a draft as of now, or what was signed. `document` is None in lists."""

    month: date
    status: SummaryState
    known_at: datetime
    digest: bytes | None = None
    signed_at: datetime | None = None
    signed_by: UUID | None = None
    published_at: datetime | None = None
    document: dict[str, Any] | None = None

    def span(self, community_id: UUID) -> figures.Span:
        """The days that it tells of, as they were known when it was made."""
        return figures.month_span(community_id, self.month, self.known_at)


# --- the bytes --------------------------------------------------------------------------------------------------


def bytes_of(community: Community, month: date, known_at: datetime) -> bytes:
    """The canonical document of a month as known at a moment: the same bytes for the same rows."""
    span = figures.month_span(community.id, month, known_at)
    return canonical(
        form=contents.FORM,
        community_id=community.id,
        community=community.name,
        month=f"{month:%Y-%m}",
        known_at=known_at,
        compared={
            "last_month": _totals(community.id, contents.month_before(month), known_at),
            "last_year": _totals(community.id, month.replace(year=month.year - 1), known_at),
        },
        **contents.contents_of(span),
    )


def _totals(community_id: UUID, month: date, known_at: datetime) -> dict[str, int]:
    """What another month came to: as it was signed off if it was, else as it is known now."""
    signed = _row(community_id, month)
    if signed is None:
        return contents.totals_of(figures.month_span(community_id, month, known_at))
    found: dict[str, int] = read_frozen(signed)["totals"]
    return found


def read_frozen(summary: Summary) -> dict[str, Any]:
    """The frozen document; DocumentChanged when it is not what was signed."""
    if hashlib.sha256(summary.document).digest() != summary.digest:
        raise DocumentChanged
    found: dict[str, Any] = json.loads(summary.document)
    return found


# --- verbs ------------------------------------------------------------------------------------------------------


@atomic
def sign_off(actor: Actor, month: date) -> Summary:
    """The month's summary is frozen with its SHA-256, and nothing can take effect in the month any more.

    Raises Forbidden, NotFound (before the community began), MonthNotOver, WrongState (signed already).
    """
    require(actor, SIGN)
    community = load_community(actor.tenant)
    month = month.replace(day=1)
    _refuse_before(community, month)
    known_at = months.close_month(actor, month)
    document = bytes_of(community, month, known_at)
    row = Summary(
        community_id=actor.tenant,
        id=new_id(),
        month=month,
        state=SummaryState.SIGNED,
        document=document,
        digest=hashlib.sha256(document).digest(),
        known_at=known_at,
        signed_at=clock.now(),
        signed_by=actor.person_id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "recognition.sign_summary", row.id, month=f"{month:%Y-%m}", digest=row.digest.hex())
    outbox.announce(actor, "summary.signed", summary_id=row.id.hex)
    return row


@atomic
def publish(actor: Actor, month: date) -> Summary:
    """Everybody may read the month's summary. Published by another person than who signed it off.

    Raises NotFound (not signed off), Forbidden, WrongState (published already), OwnStep, DocumentChanged.
    """
    row = _row(actor.tenant, month.replace(day=1), lock=True)
    if row is None:
        raise NotFound
    require(actor, PUBLISH)
    if row.state != SummaryState.SIGNED:
        raise WrongState(state=row.state)
    require_another(actor, row.signed_by)
    read_frozen(row)
    row.state, row.published_at, row.published_by = SummaryState.PUBLISHED, clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "recognition.publish_summary", row.id, digest=row.digest.hex())
    outbox.announce(actor, "summary.published", summary_id=row.id.hex)
    return row


def _row(community_id: UUID, month: date, *, lock: bool = False) -> Summary | None:
    query = scoped(community_id, Summary).where(Summary.month == month)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Summary | None = db.session.scalars(query).one_or_none()
    return found


# --- reading ----------------------------------------------------------------------------------------------------


def list_published(community_id: UUID, *, before: date | None = None, limit: int = 50) -> list[SummaryView]:
    """What everybody may read, newest month first."""
    query = scoped(community_id, Summary).where(Summary.state == SummaryState.PUBLISHED)
    if before is not None:
        query = query.where(Summary.month < before)
    return [_view(row) for row in db.session.scalars(query.order_by(Summary.month.desc()).limit(limit))]


def list_summaries(actor: Actor, *, before: date | None = None, limit: int = 50) -> list[SummaryView]:
    """Every month since the community began, newest first, those not signed off as drafts. Raises Forbidden."""
    require_any(actor, SEE)
    month = contents.month_before(before) if before is not None else clock.today().replace(day=1)
    began = _began(load_community(actor.tenant))
    wanted: list[date] = []
    while month >= began and len(wanted) < limit:
        wanted.append(month)
        month = contents.month_before(month)
    signed = {row.month: row for row in _rows(actor.tenant, wanted)}
    return [_view(signed[one]) if one in signed else _draft(one) for one in wanted]


def _rows(community_id: UUID, wanted: Sequence[date]) -> Sequence[Summary]:
    return db.session.scalars(scoped(community_id, Summary).where(Summary.month.in_(wanted))).all()


def see_published(community_id: UUID, month: date) -> SummaryView:
    """The published summary of a month. Raises NotFound, DocumentChanged."""
    row = _row(community_id, month.replace(day=1))
    if row is None or row.state != SummaryState.PUBLISHED:
        raise NotFound
    return _view(row, document=read_frozen(row))


def see_summary(actor: Actor, month: date) -> SummaryView:
    """The summary of a month as it stands: signed, or the draft of this moment.

    Raises Forbidden, NotFound (before the community began, or a month to come), DocumentChanged.
    """
    require_any(actor, SEE)
    month = month.replace(day=1)
    with snapshot():
        row = _row(actor.tenant, month)
        if row is not None:
            return _view(row, document=read_frozen(row))
        community = load_community(actor.tenant)
        _refuse_before(community, month)
        known_at = clock.now()
        document = bytes_of(community, month, known_at)
    return _draft(month, known_at=known_at, document=json.loads(document))


def frozen_bytes(community_id: UUID, month: date) -> bytes | None:
    """The bytes that were signed; None for a month that was not. Whoever calls has seen to the rights."""
    row = _row(community_id, month.replace(day=1))
    return row.document if row is not None else None


def _began(community: Community) -> date:
    return clock.local_day(community.created_at).replace(day=1)


def _refuse_before(community: Community, month: date) -> None:
    if not _began(community) <= month <= clock.today():
        raise NotFound


def _draft(month: date, *, known_at: datetime | None = None, document: dict[str, Any] | None = None) -> SummaryView:
    return SummaryView(month, SummaryState.DRAFT, known_at or clock.now(), document=document)


def _view(row: Summary, *, document: dict[str, Any] | None = None) -> SummaryView:
    return SummaryView(
        month=row.month,
        status=SummaryState(row.state),
        known_at=row.known_at,
        digest=row.digest,
        signed_at=row.signed_at,
        signed_by=row.signed_by,
        published_at=row.published_at,
        document=document,
    )
