"""What the recognition room asks of its rows: that nothing frozen was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.core import registry
from ledger.core.commitments import words_of
from ledger.core.db import db
from ledger.core.registry import Finding
from ledger.core.tenancy import scoped, within
from ledger.recognition import freezing
from ledger.recognition.announcing import objections_of
from ledger.recognition.commendation_models import Commendation, CommendationState, Honour, Nomination, NominationState
from ledger.recognition.commendations import nominations_of
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


@registry.check("commendations_match", "honours_match")
def commended_as_frozen(part: registry.Part) -> Iterator[Finding]:
    """A frozen commendation is made again from its rows byte for byte; a published one honours its names and no others.

    Words that were not erased are those that were frozen, and each bonus is in the books once.
    """
    query = select(Commendation).where(Commendation.digest.is_not(None)).order_by(Commendation.id)
    if part.since is not None:
        query = query.where(Commendation.frozen_at >= part.since)
    for row in db.session.scalars(query).all():
        if not freezing.is_as_frozen(row):
            yield Finding("commendations_match", row.community_id, f"commendation {row.id} is not what was frozen")
        for thing_id in _other_words(row):
            yield Finding("commendations_match", row.community_id, f"the words of {thing_id} are not what was frozen")
        if row.state == CommendationState.PUBLISHED:
            yield from _honours_of(row)


def _other_words(row: Commendation) -> Iterator[Any]:
    nominations = nominations_of(row.community_id, row.id, *freezing.ON_THE_LIST)
    reviews = freezing.reviews_of(row.community_id, nominations)
    now = {one.id: freezing.words_of_nomination(one, reviews.get(one.id, ())) for one in nominations}
    now |= {one.id: freezing.words_of_objection(one) for one in objections_of(row.community_id, row.id)}
    for thing_id, words in now.items():
        frozen = words_of(row.community_id, thing_id, freezing.WORDS)
        if frozen is not None and json.loads(frozen) | words != json.loads(frozen):
            yield thing_id


def _honours_of(row: Commendation) -> Iterator[Finding]:
    named = {one.id for one in nominations_of(row.community_id, row.id, NominationState.ANNOUNCED)}
    query = scoped(row.community_id, Honour).where(
        within(row.community_id, Nomination),
        Nomination.id == Honour.nomination_id,
        Nomination.commendation_id == row.id,
    )
    honours = db.session.scalars(query).all()
    if {one.nomination_id for one in honours} != named:
        yield Finding("honours_match", row.community_id, f"commendation {row.id} honours others than it names")
    for one in honours:
        if hashlib.sha256(one.document).digest() != one.digest:
            yield Finding("honours_match", row.community_id, f"honour {one.id} is not what was frozen")
    given = scoped(row.community_id, Transfer).where(
        Transfer.source_type == freezing.SOURCE,
        Transfer.code == Code.AWARD,
        Transfer.source_id.in_([one.id for one in honours]),
    )
    points = db.session.scalar(given.with_only_columns(func.coalesce(func.sum(Transfer.amount), 0)))
    if int(points or 0) != row.bonus_points * len(honours):
        yield Finding("honours_match", row.community_id, f"the bonus of commendation {row.id} is not in the books")
