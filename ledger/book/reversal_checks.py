"""The check of reversals by hand: each moved exactly what two people agreed on, for the reason that stands there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, true
from sqlalchemy.sql import ColumnElement

from ledger.book.codes import Code
from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.newest import transfers_in
from ledger.book.reversal_requests import REASON, SOURCE, evidence_of
from ledger.core.commitments import words_of
from ledger.core.db import db
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community

NAME = "reversals_as_asked"


@check(NAME)
def reversals_as_asked(part: Part) -> Iterator[Finding]:
    """A posted request moved its amount of its transfer, with its evidence; any other moved nothing.

    Of what is new: of requests that were asked or decided since, and of new transfers. What of an award had expired
    comes back beside it (restore), to be taken with it; that is no amount of the request's.
    """
    for community_id, request_id, wanted, found in db.session.execute(_otherwise_moved(part)):
        yield Finding(NAME, community_id, f"reversal {request_id.hex}: agreed {wanted}, moved {found}")
    yield from _evidence(part)
    for community_id, transfer_id in db.session.execute(_unasked(part)):
        yield Finding(NAME, community_id, f"transfer {transfer_id.hex} is a reversal that nobody asked for")


def _posted() -> ColumnElement[bool]:
    return and_(
        same_community(Transfer, ReversalRequest),
        Transfer.source_type == SOURCE,
        Transfer.source_id == ReversalRequest.id,
        Transfer.code == Code.REVERSE,
    )


def _in(part: Part) -> ColumnElement[bool]:
    if part.since is None:
        return true()
    return or_(ReversalRequest.asked_at >= part.since, ReversalRequest.decided_at >= part.since)


@lru_cache(maxsize=4)
def _otherwise_moved(part: Part) -> Select[Any]:
    moved = func.coalesce(func.sum(Transfer.amount), 0)
    agreed = case((ReversalRequest.state == ReversalState.POSTED, ReversalRequest.amount), else_=0)
    return (
        select(ReversalRequest.community_id, ReversalRequest.id, agreed, moved)
        .outerjoin(Transfer, _posted())
        .where(_in(part))
        .group_by(ReversalRequest.community_id, ReversalRequest.id, ReversalRequest.state, ReversalRequest.amount)
        .having(moved != agreed)
    )


def _evidence(part: Part) -> Iterator[Finding]:
    for request, transfer in db.session.execute(_with_their_transfers(part)):
        if transfer is None:
            continue
        evidence = evidence_of(request, approved_by=request.decided_by)
        kept = words_of(request.community_id, request.id, REASON)
        is_approved = (transfer.reverses_id, transfer.source_digest) == (request.transfer_id, evidence)
        if not is_approved or kept not in (None, request.reason):
            yield Finding(NAME, request.community_id, f"reversal {request.id.hex} is not what was approved")


@lru_cache(maxsize=4)
def _with_their_transfers(part: Part) -> Select[Any]:
    return select(ReversalRequest, Transfer).outerjoin(Transfer, _posted()).where(_in(part))


@lru_cache(maxsize=4)
def _unasked(part: Part) -> Select[Any]:
    transfers = transfers_in(part)
    of = transfers.c
    return (
        select(of.community_id, of.id)
        .outerjoin_from(
            transfers,
            ReversalRequest,
            and_(same_community(ReversalRequest, of), ReversalRequest.id == of.source_id),
        )
        .where(of.source_type == SOURCE, ReversalRequest.id.is_(None))
    )
