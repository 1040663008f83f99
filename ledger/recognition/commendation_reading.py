"""What is read of commendations: by staff with names and words, by everybody masked and without words of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, or_

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import NotFound
from ledger.core.permissions import places_reached, reach, reaches_all, require_any
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import is_masked_for, mask_name, public_names
from ledger.people.models import Member, PlaceUnit
from ledger.people.team_models import Team
from ledger.recognition.announcing import objections_of
from ledger.recognition.candidates import Candidate, candidates_of, name_of, read_terms
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    Honour,
    Nomination,
    NominationState,
    PublicObjection,
    Review,
    SubjectKind,
)
from ledger.recognition.commendations import NOMINATE, REVIEWERS, SEE, nominations_of
from ledger.recognition.errors import DocumentChanged
from ledger.recognition.freezing import is_as_frozen, reviews_of

IN_PUBLIC = (CommendationState.ANNOUNCED, CommendationState.FROZEN, CommendationState.PUBLISHED)


class Named(NamedTuple):
    """A name of a commendation as its reader may see it; without reason and reviews for whoever reads masked names."""

    nomination: Nomination
    name: str
    reason: str
    reviews: Sequence[Review]
    honour: Honour | None


class Heard(NamedTuple):
    """An objection as its reader may see it; its words are for staff, its answer is for everybody."""

    objection: PublicObjection
    words: str


@dataclass(frozen=True, slots=True)
class CommendationView:
    """A commendation with its names, most hours first. `is_whole` is a reader of all of it, masked or not."""

    commendation: Commendation
    names: tuple[Named, ...] = ()
    objections: tuple[Heard, ...] = ()
    is_whole: bool = False

    @property
    def is_announced_now(self) -> bool:
        """May objections be raised now?"""
        row = self.commendation
        return row.state == CommendationState.ANNOUNCED and row.ends_at is not None and clock.now() < row.ends_at

    @property
    def open_objections(self) -> int:
        return sum(one.objection.answered_at is None for one in self.objections)


def list_commendations(
    community_id: UUID, actor: Actor | None, *, after: UUID | None = None, limit: int = 50
) -> list[Commendation]:
    """All of them for staff, those in public for everybody else; newest first."""
    query = scoped(community_id, Commendation)
    if not _sees(actor):
        query = query.where(Commendation.state.in_(IN_PUBLIC))
    if after is not None:
        query = query.where(Commendation.id < after)
    return list(db.session.scalars(query.order_by(Commendation.id.desc()).limit(limit)))


def _sees(actor: Actor | None) -> bool:
    return actor is not None and bool(reach(actor, SEE))


def _sees_whole(actor: Actor | None) -> bool:
    return actor is not None and reaches_all(reach(actor, SEE))


def see_commendation(community_id: UUID, actor: Actor | None, commendation_id: UUID) -> CommendationView:
    """One, as far as the reader may see it: all names, the reader's own nominations, or what is in public.

    Raises NotFound (also for what is not in public, to everybody but staff), DocumentChanged.
    """
    row = load(community_id, Commendation, commendation_id)
    if row.state not in IN_PUBLIC and not _sees(actor):
        raise NotFound
    if row.digest is not None and not is_as_frozen(row):
        raise DocumentChanged
    if _sees_whole(actor):
        assert actor is not None, "somebody sees it"
        return _whole(actor, row)
    found = nominations_of(community_id, row.id, *_shown_states(row))
    if row.state not in IN_PUBLIC:
        assert actor is not None, "somebody sees it"
        found = [one for one in found if actor.is_person(one.nominated_by)]
        return CommendationView(row, _named(row, found, name_of(SubjectKind(row.kind), community_id, _ids(found))))
    heard = tuple(Heard(one, "") for one in objections_of(community_id, row.id))
    return CommendationView(row, _named(row, found, _public(row, found)), heard)


def _shown_states(row: Commendation) -> tuple[NominationState, ...]:
    return (NominationState.ANNOUNCED,) if row.state in IN_PUBLIC else ()


def _whole(actor: Actor, row: Commendation) -> CommendationView:
    found, kind = nominations_of(row.community_id, row.id), SubjectKind(row.kind)
    names = name_of(kind, row.community_id, _ids(found))
    hidden = is_masked_for(actor)
    if hidden and kind is SubjectKind.VOLUNTEER:
        names = {one: mask_name(name) for one, name in names.items()}
    reviews = reviews_of(row.community_id, found)
    shown = _named(row, found, names, reviews=reviews, words=not hidden)
    objections = objections_of(row.community_id, row.id)
    return CommendationView(row, shown, tuple(Heard(one, "" if hidden else one.words) for one in objections), True)


def _public(row: Commendation, found: Sequence[Nomination]) -> dict[UUID, str]:
    if row.kind == SubjectKind.VOLUNTEER:
        return public_names(row.community_id, _ids(found))
    return name_of(SubjectKind(row.kind), row.community_id, _ids(found))


def _ids(found: Sequence[Nomination]) -> list[UUID]:
    return [one.subject_id for one in found]


def _named(
    row: Commendation,
    found: Sequence[Nomination],
    names: dict[UUID, str],
    *,
    reviews: dict[UUID, list[Review]] | None = None,
    words: bool = False,
) -> tuple[Named, ...]:
    ids = [one.id for one in found]
    of_them = db.session.scalars(scoped(row.community_id, Honour).where(Honour.nomination_id.in_(ids)))
    honours = {one.nomination_id: one for one in of_them} if row.state == CommendationState.PUBLISHED else {}
    shown = [
        Named(
            one,
            names[one.subject_id],
            one.reason if words else "",
            (reviews or {}).get(one.id, ()),
            honours.get(one.id) if reviews is not None else None,
        )
        for one in found
    ]
    return tuple(sorted(shown, key=lambda one: (-one.nomination.minutes, -one.nomination.visits, one.nomination.id)))


def see_candidates(actor: Actor, commendation_id: UUID) -> list[Candidate]:
    """Who meets the criteria now, most hours first; masked for whoever reads masked names.

    Raises NotFound, Forbidden. Whoever sees a part only reads figures of everybody there, so they see none.
    """
    row = load(actor.tenant, Commendation, commendation_id)
    require_any(actor, SEE)
    kind = SubjectKind(row.kind)
    found = candidates_of(actor.tenant, kind, row.year, read_terms(row.terms))
    hidden = kind is SubjectKind.VOLUNTEER and (is_masked_for(actor) or not _sees_whole(actor))
    return [one._replace(name=mask_name(one.name)) for one in found] if hidden else found


def nominees(actor: Actor, commendation_id: UUID) -> list[Candidate]:
    """Whom the actor may name now: candidates of the actor's part (shops lie in none) who are not named yet.

    Raises NotFound, Forbidden.
    """
    row = load(actor.tenant, Commendation, commendation_id)
    require_any(actor, NOMINATE)
    kind = SubjectKind(row.kind)
    named = {one.subject_id for one in nominations_of(actor.tenant, row.id)}
    found = candidates_of(actor.tenant, kind, row.year, read_terms(row.terms))
    reached = None if kind is SubjectKind.SHOP else _reached(actor, Team if kind is SubjectKind.TEAM else Member)
    return [one for one in found if one.subject_id not in named and (reached is None or one.subject_id in reached)]


def _reached(actor: Actor, model: type[Member] | type[Team]) -> set[UUID]:
    query = scoped(actor.tenant, model.id, PlaceUnit).where(
        PlaceUnit.id == model.unit_id, or_(*places_reached(actor, reach(actor, NOMINATE), PlaceUnit.path))
    )
    return set(db.session.scalars(query))


def frozen_bytes(community_id: UUID, commendation_id: UUID) -> bytes:
    """The bytes of a published list: their SHA-256 is the digest. Raises NotFound, DocumentChanged."""
    row = load(community_id, Commendation, commendation_id)
    if row.state != CommendationState.PUBLISHED or row.document is None:
        raise NotFound
    if not is_as_frozen(row):
        raise DocumentChanged
    return row.document


class Waiting(NamedTuple):
    """What waits in the community's commendations for this actor."""

    to_review: int
    to_answer: int
    to_freeze: int
    to_publish: int


def count_waiting_for(actor: Actor) -> Waiting:
    """Names to review, objections to answer, lists to freeze and to publish; 0 for who takes no such step."""
    nominated = scoped(actor.tenant, Nomination, Commendation).where(
        Commendation.id == Nomination.commendation_id, Commendation.state == CommendationState.NOMINATING
    )
    mine = scoped(actor.tenant, Review.nomination_id).where(Review.reviewer_id == actor.person_id)
    enough = scoped(actor.tenant, Review.nomination_id).group_by(Review.nomination_id).having(func.count() >= REVIEWERS)
    to_review = nominated.where(Nomination.id.not_in(mine), Nomination.id.not_in(enough))
    to_answer = scoped(actor.tenant, PublicObjection, Commendation).where(
        Commendation.id == PublicObjection.commendation_id,
        Commendation.state == CommendationState.ANNOUNCED,
        PublicObjection.answered_at.is_(None),
    )
    over = scoped(actor.tenant, Commendation).where(
        Commendation.state == CommendationState.ANNOUNCED, Commendation.ends_at <= clock.now()
    )
    frozen = scoped(actor.tenant, Commendation).where(
        Commendation.state == CommendationState.FROZEN,
        Commendation.drafted_by != actor.person_id,
        Commendation.frozen_by != actor.person_id,
    )
    may_announce = bool(reach(actor, "announce_commendation"))
    return Waiting(
        _count(to_review) if reach(actor, "review_commendation") else 0,
        _count(to_answer) if may_announce else 0,
        _count(over) if may_announce else 0,
        _count(frozen) if reach(actor, "publish_commendation") else 0,
    )


def _count(query: Select[tuple[object, ...]]) -> int:
    return int(db.session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0)
