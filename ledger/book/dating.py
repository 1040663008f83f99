"""Until when credited points can be used: earned ones by the community's policy, given-back ones by their own dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from ledger.book.codes import EARNING, Code, Kind
from ledger.book.cohorts import Dated
from ledger.book.drafts import Draft
from ledger.book.models import Draw, ExpiryPolicy, Transfer
from ledger.core.db import db
from ledger.core.tenancy import scoped, within

REFUND_DAYS = 30
"""What is given back can be used at least so long."""

PIECES_APART = 16
"""A refund of points with several dates is written in pieces whose part numbers lie this far apart."""


def months_of(community_id: UUID) -> int | None:
    """After how many months new points of the community expire; None: never."""
    query = scoped(community_id, ExpiryPolicy.months).order_by(ExpiryPolicy.id.desc()).limit(1)
    months: int | None = db.session.scalar(query)
    return months


def last_day(months: int, day: date) -> date:
    """The end of the month that lies `months` after the month of `day`."""
    following = day.year * 12 + day.month + months
    return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)


def date_credits(community_id: UUID, drafts: Sequence[Draft], *, day: date) -> list[list[Draft]]:
    """Each draft with the dates of what it credits, in pieces where they differ; in the drafts' order.

    What is earned expires by the policy, counted from the day of its recording, whenever it took effect. What is given
    back keeps its own dates, but can be used for 30 days at least; of a part, the latest-expiring comes back first.
    """
    months = months_of(community_id) if any(map(_is_to_be_dated, drafts)) else None
    if months is not None:
        until = last_day(months, day)
        drafts = [replace(draft, expires_on=until) if _is_to_be_dated(draft) else draft for draft in drafts]
    returning = [draft for draft in drafts if gives_back(draft)]
    drawn = _drawn_and_returned(community_id, {draft.reverses_id for draft in returning if draft.reverses_id})
    return [_in_pieces(draft, drawn, day) if gives_back(draft) else [draft] for draft in drafts]


def _is_to_be_dated(draft: Draft) -> bool:
    return draft.code in EARNING and draft.expires_on is None


def gives_back(draft: Draft) -> bool:
    """Does it return points to the wallet that an earlier transfer took them from?"""
    return draft.credit.kind is Kind.WALLET and draft.code in (Code.REFUND, Code.REVERSE) and draft.expires_on is None


@dataclass(slots=True)
class _Original:
    """A debit of a wallet: its draws, what came from no cohort, and how much has been given back so far."""

    undated: int
    returned: int
    dated: Dated = field(default_factory=dict)


def _drawn_and_returned(community_id: UUID, transfer_ids: Collection[UUID]) -> dict[UUID, _Original]:
    """The originals' draws; empty for those that drew from no cohort. They are locked against further refunds."""
    if not transfer_ids:
        return {}
    reversal = aliased(Transfer)
    returned = (
        select(func.coalesce(func.sum(reversal.amount), 0))
        .where(within(community_id, reversal), reversal.reverses_id == Transfer.id)
        .scalar_subquery()
    )
    query = (
        scoped(community_id, Draw.transfer_id, Draw.expires_on, Draw.amount, Transfer.amount)
        .add_columns(returned)
        .where(Draw.transfer_id == Transfer.id, Transfer.id.in_(transfer_ids))
    )
    found: dict[UUID, _Original] = {}
    for transfer_id, expires_on, points, amount, so_far in db.session.execute(query):
        original = found.setdefault(transfer_id, _Original(amount, int(so_far)))
        original.dated[expires_on] = points
        original.undated -= points
    return found


def _in_pieces(draft: Draft, drawn: dict[UUID, _Original], day: date) -> list[Draft]:
    original = drawn.get(draft.reverses_id) if draft.reverses_id else None
    if original is None:
        return [draft]
    earliest = day + timedelta(days=REFUND_DAYS)
    pieces: dict[date | None, int] = defaultdict(int)
    skipped, wanted = original.returned, draft.amount
    original.returned += draft.amount
    for expires_on, points in [(None, original.undated), *sorted(original.dated.items(), reverse=True)]:
        unreturned = max(0, points - skipped)
        skipped = max(0, skipped - points)
        given = min(wanted, unreturned)
        wanted -= given
        if given:
            pieces[max(expires_on, earliest) if expires_on else None] += given
    assert wanted == 0, "no more is given back than was taken: checked under the original's lock"
    return [
        replace(draft, amount=points, expires_on=expires_on, part=draft.part + PIECES_APART * number)
        for number, (expires_on, points) in enumerate(pieces.items())
    ]
