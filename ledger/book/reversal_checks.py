"""The check of reversals by hand: each moved exactly what two people agreed on, for the reason that stands there."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, case, func, select
from sqlalchemy.sql import ColumnElement

from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.reversal_requests import SOURCE, evidence_of
from ledger.core.db import db
from ledger.core.registry import Finding, check
from ledger.core.tenancy import same_community

NAME = "reversals_as_asked"


@check(NAME)
def reversals_as_asked() -> Iterator[Finding]:
    """A posted request moved its amount of its transfer, with its evidence; any other moved nothing."""
    posted = and_(
        same_community(Transfer, ReversalRequest),
        Transfer.source_type == SOURCE,
        Transfer.source_id == ReversalRequest.id,
    )
    yield from _amounts(posted)
    yield from _evidence(posted)
    yield from _unasked(posted)


def _amounts(posted: ColumnElement[bool]) -> Iterator[Finding]:
    moved = func.coalesce(func.sum(Transfer.amount), 0)
    agreed = case((ReversalRequest.state == ReversalState.POSTED, ReversalRequest.amount), else_=0)
    query = (
        select(ReversalRequest.community_id, ReversalRequest.id, agreed, moved)
        .outerjoin(Transfer, posted)
        .group_by(ReversalRequest.community_id, ReversalRequest.id, ReversalRequest.state, ReversalRequest.amount)
        .having(moved != agreed)
    )
    for community_id, request_id, wanted, found in db.session.execute(query):
        yield Finding(NAME, community_id, f"reversal {request_id.hex}: agreed {wanted}, moved {found}")


def _evidence(posted: ColumnElement[bool]) -> Iterator[Finding]:
    query = select(ReversalRequest, Transfer).join(Transfer, posted)
    for request, transfer in db.session.execute(query):
        evidence = evidence_of(request, approved_by=request.decided_by)
        if (transfer.reverses_id, transfer.source_digest) != (request.transfer_id, evidence):
            yield Finding(NAME, request.community_id, f"reversal {request.id.hex} is not what was approved")


def _unasked(posted: ColumnElement[bool]) -> Iterator[Finding]:
    query = (
        select(Transfer.community_id, Transfer.id)
        .outerjoin(ReversalRequest, posted)
        .where(Transfer.source_type == SOURCE, ReversalRequest.id.is_(None))
    )
    for community_id, transfer_id in db.session.execute(query):
        yield Finding(NAME, community_id, f"transfer {transfer_id.hex} is a reversal that nobody asked for")
