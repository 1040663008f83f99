"""Who meets the criteria of a commendation: read from the stamps and redemptions of its year as they are now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, or_

from ledger.book.codes import Kind
from ledger.book.models import Account, Balance
from ledger.core import clock
from ledger.core.db import begins, db
from ledger.core.tenancy import load, scoped
from ledger.people.members import describe_members
from ledger.people.models import Member, MemberState, PlaceUnit, Post, PostKind
from ledger.people.team_models import Team, TeamMember
from ledger.recognition.commendation_models import SubjectKind
from ledger.recognition.errors import CriterionNotForKind
from ledger.recognition.figures import Served, Span, served_by_member
from ledger.recognition.stars import HOURS
from ledger.rewards.complaint_models import Complaint, ComplaintState
from ledger.rewards.merchants import describe_merchants
from ledger.rewards.models import Redemption, RedemptionState
from ledger.service.models import Programme
from ledger.service.objection_models import Objection, ObjectionState


@dataclass(frozen=True, slots=True)
class Terms:
    """The criteria; 0, None and False ask for nothing. `visits` of a shop are its confirmed redemptions.

    `proven_percent` is the least share of visits that were not entered later by hand. `nothing_open`: no objection of
    the person waits for its answer, no complaint about the shop.
    """

    hours: int = 0
    visits: int = 0
    stars: int = 0
    proven_percent: int = 0
    unit_id: UUID | None = None
    programme_id: UUID | None = None
    post: PostKind | None = None
    team_id: UUID | None = None
    nothing_open: bool = False


FOR_KIND = {
    SubjectKind.VOLUNTEER: frozenset(field.name for field in fields(Terms)),
    SubjectKind.TEAM: frozenset({"hours", "visits", "proven_percent", "unit_id", "programme_id"}),
    SubjectKind.SHOP: frozenset({"visits", "nothing_open"}),
}
"""What can be asked of each kind."""


class Candidate(NamedTuple):
    """Who meets the criteria, with the year's figures. A shop has no minutes."""

    subject_id: UUID
    name: str
    minutes: int
    visits: int


def kept(terms: Terms) -> dict[str, Any]:
    """The criteria as they are stored: what asks for something, in the types of JSON."""
    return {name: value.hex if isinstance(value, UUID) else value for name, value in asdict(terms).items() if value}


def read_terms(stored: dict[str, Any]) -> Terms:
    """The criteria that were stored."""
    typed: dict[str, Any] = dict(stored)
    for name in ("unit_id", "programme_id", "team_id"):
        if name in stored:
            typed[name] = UUID(stored[name])
    if "post" in stored:
        typed["post"] = PostKind(stored["post"])
    return Terms(**typed)


def require_fitting(community_id: UUID, kind: SubjectKind, terms: Terms) -> None:
    """Raises NotFound (a part, a programme, a team that is not there), CriterionNotForKind."""
    for model, one in ((PlaceUnit, terms.unit_id), (Programme, terms.programme_id), (Team, terms.team_id)):
        if one is not None:
            load(community_id, model, one)
    foreign = set(kept(terms)) - FOR_KIND[kind]
    if foreign:
        raise CriterionNotForKind(criteria=", ".join(sorted(foreign)))


def names_in(community_id: UUID, terms: Terms) -> dict[str, str]:
    """What the part, the programme and the team that the criteria name are called."""
    things: dict[str, tuple[Any, UUID | None]] = {
        "unit_id": (PlaceUnit, terms.unit_id),
        "programme_id": (Programme, terms.programme_id),
        "team_id": (Team, terms.team_id),
    }
    return {name: load(community_id, model, one).name for name, (model, one) in things.items() if one is not None}


def candidates_of(community_id: UUID, kind: SubjectKind, year: int, terms: Terms) -> list[Candidate]:
    """Everybody who meets the criteria now, most hours first; equals by visits, then by id."""
    span = year_span(community_id, year)
    find = {SubjectKind.VOLUNTEER: _volunteers, SubjectKind.TEAM: _teams, SubjectKind.SHOP: _shops}[kind]
    return sorted(find(span, terms), key=lambda one: (-one.minutes, -one.visits, one.subject_id))


def year_span(community_id: UUID, year: int) -> Span:
    """The year as it is known now."""
    first, after = clock.start_of_day(date(year, 1, 1)), clock.start_of_day(date(year + 1, 1, 1))
    return Span(community_id, first, after, clock.now())


def _meets(served: Served, terms: Terms) -> bool:
    if not served.visits or served.visits < terms.visits or served.minutes < 60 * terms.hours:
        return False
    return 100 * served.proven >= terms.proven_percent * served.visits


# --- people -----------------------------------------------------------------------------------------------------


def _volunteers(span: Span, terms: Terms) -> list[Candidate]:
    served = served_by_member(span, programme_id=terms.programme_id)
    enough = {member_id for member_id, figures in served.items() if _meets(figures, terms)}
    for narrow in (_of_post, _of_team, _with_stars, _without_objection):
        enough = narrow(span, terms, enough)
    members = describe_members(span.community_id, enough)
    inside = _units_below(span.community_id, terms.unit_id)
    return [
        Candidate(one.id, one.name, served[one.id].minutes, served[one.id].visits)
        for one in members.values()
        if one.state == MemberState.ACTIVE and (inside is None or one.unit_id in inside)
    ]


def _units_below(community_id: UUID, unit_id: UUID | None) -> set[UUID] | None:
    if unit_id is None:
        return None
    path = load(community_id, PlaceUnit, unit_id).path
    return set(db.session.scalars(scoped(community_id, PlaceUnit.id).where(begins(PlaceUnit.path, path))))


def _of_post(span: Span, terms: Terms, members: set[UUID]) -> set[UUID]:
    """Who held the post at some time of the year."""
    if terms.post is None:
        return members
    held = scoped(span.community_id, Post.member_id).where(
        Post.kind == terms.post, Post.since < span.until, or_(Post.until.is_(None), Post.until > span.since)
    )
    return members & set(db.session.scalars(held))


def _of_team(span: Span, terms: Terms, members: set[UUID]) -> set[UUID]:
    if terms.team_id is None:
        return members
    inside = scoped(span.community_id, TeamMember.member_id).where(
        TeamMember.team_id == terms.team_id, TeamMember.until.is_(None)
    )
    return members & set(db.session.scalars(inside))


def _with_stars(span: Span, terms: Terms, members: set[UUID]) -> set[UUID]:
    """Stars are of all hours ever, so of the books and not of the year."""
    if not terms.stars:
        return members
    enough = scoped(span.community_id, Account.owner_id, Balance).where(
        Account.kind == Kind.HOURS,
        Balance.account_id == Account.id,
        Balance.balance >= 60 * HOURS[terms.stars - 1],
    )
    return members & set(db.session.scalars(enough.with_only_columns(Account.owner_id)))


def _without_objection(span: Span, terms: Terms, members: set[UUID]) -> set[UUID]:
    if not terms.nothing_open:
        return members
    waiting = scoped(span.community_id, Objection.member_id).where(Objection.state == ObjectionState.ASKED)
    return members - set(db.session.scalars(waiting))


# --- teams and shops --------------------------------------------------------------------------------------------


def _teams(span: Span, terms: Terms) -> list[Candidate]:
    """Each live team, with what those who are in it now served."""
    served = served_by_member(span, programme_id=terms.programme_id)
    inside = _units_below(span.community_id, terms.unit_id)
    rows = scoped(span.community_id, Team, TeamMember.member_id).where(
        Team.until.is_(None), TeamMember.team_id == Team.id, TeamMember.until.is_(None)
    )
    people: dict[UUID, tuple[Team, list[Served]]] = {}
    for team, member_id in db.session.execute(rows):
        if inside is None or team.unit_id in inside:
            people.setdefault(team.id, (team, []))[1].append(served.get(member_id, Served(0, 0, 0)))
    sums = [(team, Served(*map(sum, zip(*of_team, strict=True)))) for team, of_team in people.values()]
    return [Candidate(team.id, team.name, one.minutes, one.visits) for team, one in sums if _meets(one, terms)]


def _shops(span: Span, terms: Terms) -> list[Candidate]:
    query = (
        scoped(span.community_id, Redemption.merchant_id)
        .add_columns(func.count())
        .where(
            Redemption.state.in_((RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)),
            Redemption.confirmed_at >= span.since,
            Redemption.confirmed_at < span.until,
        )
        .group_by(Redemption.merchant_id)
    )
    counts = {shop: int(count) for shop, count in db.session.execute(query).tuples() if count >= terms.visits}
    waiting = _complained_about(span.community_id) if terms.nothing_open else ()
    shops = describe_merchants(counts)
    return [Candidate(one, shops[one].name, 0, count) for one, count in counts.items() if one not in waiting]


def _complained_about(community_id: UUID) -> Collection[UUID]:
    open_states = (ComplaintState.OPEN, ComplaintState.ANSWERED)
    query = scoped(community_id, Complaint.merchant_id).where(Complaint.state.in_(open_states))
    return set(db.session.scalars(query))


def name_of(kind: SubjectKind, community_id: UUID, subject_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these are called: members by their own names, for whoever may read them."""
    if kind is SubjectKind.SHOP:
        return {one.id: one.name for one in describe_merchants(subject_ids).values()}
    model: Any = Member if kind is SubjectKind.VOLUNTEER else Team
    rows = db.session.execute(scoped(community_id, model.id, model.name).where(model.id.in_(set(subject_ids))))
    return dict(rows.tuples().all())
