"""The rows behind each figure of a month's summary: they add up to it, as they were known when it was made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book.codes import Code, Kind, Unit
from ledger.book.models import Account, Transfer
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.permissions import reach, reaches_all
from ledger.core.tenancy import Actor, within
from ledger.people.members import shown_names
from ledger.people.models import Member
from ledger.recognition import figures
from ledger.recognition.contents import FEEDBACK, MONEY, POINTS, feedback_in
from ledger.recognition.figures import Span
from ledger.recognition.parts import Part, is_in
from ledger.service.feedback_models import Feedback
from ledger.service.models import Activity, Checkin, Evidence, Stamp

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any of our books."""


class Behind(StrEnum):
    """What the rows of a figure are, and so what their ids name."""

    PEOPLE = "people"
    VISITS = "visits"
    TRANSFERS = "transfers"
    ACCOUNTS = "accounts"
    FEEDBACK = "feedback"


SEEN_BY = {
    Behind.PEOPLE: "see_checkins",
    Behind.VISITS: "see_checkins",
    Behind.TRANSFERS: "see_books",
    Behind.ACCOUNTS: "see_books",
    Behind.FEEDBACK: "see_feedback",
}
"""The right that opens the rows, for the whole community."""


class Leg(NamedTuple):
    """Transfers that a figure adds, or takes off; None is any code, any kind of account."""

    code: Code | None
    debit: Kind | None
    credit: Kind | None
    sign: int = 1


class Legs(NamedTuple):
    """What a figure of the books adds up: the amounts, or only how many there are."""

    unit: Unit
    legs: tuple[Leg, ...]
    counts: bool = False


_SOLD = (Leg(Code.REDEEM, None, Kind.MERCHANT), Leg(Code.REFUND, Kind.MERCHANT, None, -1))
_BROUGHT = (Leg(Code.REDEEM, None, Kind.PAYABLE), Leg(Code.REFUND, Kind.PAYABLE, None, -1))
_SPENT = (Leg(Code.REDEEM, Kind.FUND, None), Leg(Code.REFUND, None, Kind.FUND, -1))
_GRANTED = (Leg(Code.FUND, None, Kind.FUND), Leg(Code.REVERSE, Kind.FUND, None, -1))

SHOPS = {
    "shop_redemptions": Legs(Unit.POINTS, _SOLD[:1], counts=True),
    "shop_points": Legs(Unit.POINTS, _SOLD),
    "shop_brought_fen": Legs(Unit.FEN, _BROUGHT),
    "shop_settled_fen": Legs(Unit.FEN, (Leg(Code.PAY, Kind.PAYABLE, None),)),
}
FUNDS = {
    "fund_granted_fen": Legs(Unit.FEN, _GRANTED),
    "fund_spent_fen": Legs(Unit.FEN, _SPENT),
    "fund_left_fen": Legs(Unit.FEN, (Leg(None, None, Kind.FUND), Leg(None, Kind.FUND, None, -1))),
}
"""The figures of one shop and of one fund."""

LEGS = {
    **{name: Legs(Unit.POINTS, tuple(Leg(*one) for one in legs)) for name, legs in POINTS.items()},
    **{name: Legs(Unit.FEN, tuple(Leg(*one) for one in legs)) for name, legs in MONEY.items()},
    "redemptions": Legs(Unit.POINTS, tuple(Leg(*one) for one in POINTS["redeemed"]), counts=True),
    **SHOPS,
    **FUNDS,
}

KINDS = {
    "people": Behind.PEOPLE,
    **dict.fromkeys(("visits", "minutes", "entered_later"), Behind.VISITS),
    "outstanding": Behind.ACCOUNTS,
    **dict.fromkeys(FEEDBACK, Behind.FEEDBACK),
    **dict.fromkeys(LEGS, Behind.TRANSFERS),
}
"""Every figure that has rows."""


class Rows(NamedTuple):
    """All rows of a figure counted and added up; `shown` are ids with what each adds, newest first, of one page."""

    kind: Behind
    number: int
    amount: int
    shown: list[tuple[UUID, int]]


class VisitRow(NamedTuple):
    """A stamped visit, with its member's name as the reader may see it."""

    stamp: Stamp
    checkin: Checkin
    activity: Activity
    name: str


def opens(actor: Actor, name: str) -> bool:
    """May the actor see the rows of this figure? Their right must reach the whole community."""
    return reaches_all(reach(actor, SEEN_BY[KINDS[name]]))


def list_rows(
    actor: Actor,
    span: Span,
    name: str,
    *,
    owner_id: UUID | None = None,
    part: Part | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> Rows:
    """The rows of a figure of the span, of one shop or fund with `owner_id`, of what was served in one `part` of it;
    `before` is the last of the page before.

    Raises NotFound (no such figure, one of a shop or a fund without saying which, or one that has no such parts),
    Forbidden.
    """
    if name not in KINDS or (owner_id is not None) != (name in SHOPS or name in FUNDS):
        raise NotFound
    if part is not None and name not in part.row:
        raise NotFound
    if not opens(actor, name):
        raise Forbidden
    if KINDS[name] is Behind.ACCOUNTS:
        return _accounts(span, before, limit)
    rows = _rows(span, name, owner_id)
    found = (rows if part is None else rows.where(is_in(span, part))).subquery()
    count, amount = db.session.execute(select(func.count(), func.coalesce(func.sum(found.c.amount), 0))).one()
    page = select(found.c.id, found.c.amount).order_by(found.c.id.desc()).limit(limit)
    if before is not None:
        page = page.where(found.c.id < before)
    shown = [(row_id, int(adds)) for row_id, adds in db.session.execute(page)]
    return Rows(KINDS[name], int(count), int(amount), shown)


def _rows(span: Span, name: str, owner_id: UUID | None) -> Select[Any]:
    """SQL: the id of each row, and what it adds."""
    one = literal(1).label("amount")
    if name == "people":
        person = figures.PERSON.label("id")
        return figures.with_people(figures.stamped(span, person, one)).group_by(figures.PERSON)
    if name in FEEDBACK:
        return feedback_in(span, Feedback.id.label("id"), one).where(FEEDBACK[name])
    if name in LEGS:
        return _transfers(span if name != "fund_left_fen" else replace(span, since=BEGINNING), LEGS[name], owner_id)
    adds = Stamp.minutes.label("amount") if name == "minutes" else one
    visits = figures.stamped(span, Stamp.id.label("id"), adds)
    return visits.where(Checkin.evidence == Evidence.LATER) if name == "entered_later" else visits


def _transfers(span: Span, asked: Legs, owner_id: UUID | None) -> Select[Any]:
    moved = figures.moved_in(span, Transfer.id)
    debit, credit = aliased(Account), aliased(Account)

    def is_of(leg: Leg) -> ColumnElement[bool]:
        sides = ((moved.c.code, leg.code), (debit.kind, leg.debit), (credit.kind, leg.credit))
        return and_(*(column == value for column, value in sides if value is not None))

    less = [is_of(leg) for leg in asked.legs if leg.sign < 0]
    amount = case((or_(*less), -moved.c.amount), else_=moved.c.amount) if less else moved.c.amount
    query = select(moved.c.id, (literal(1) if asked.counts else amount).label("amount")).where(
        within(span.community_id, debit, credit),
        debit.id == moved.c.debit_account_id,
        credit.id == moved.c.credit_account_id,
        moved.c.unit == asked.unit,
        or_(*map(is_of, asked.legs)),
    )
    return query if owner_id is None else query.where(or_(debit.owner_id == owner_id, credit.owner_id == owner_id))


def _accounts(span: Span, before: UUID | None, limit: int) -> Rows:
    """Members have what every other account lacks: each of these, with its sign turned."""
    found = {key.id_in(span.community_id): -balance for key, balance in figures.points_elsewhere(span).items()}
    rows = sorted(((row_id, adds) for row_id, adds in found.items() if adds), reverse=True)
    shown = [row for row in rows if before is None or row[0] < before][:limit]
    return Rows(Behind.ACCOUNTS, len(rows), sum(found.values()), shown)


def describe_visits(actor: Actor, stamp_ids: Collection[UUID]) -> dict[UUID, VisitRow]:
    """These stamped visits by the id of their stamp. Whoever calls has seen to the rights."""
    query = select(Stamp, Checkin, Activity, Member).where(
        within(actor.tenant, Stamp, Checkin, Activity, Member),
        Stamp.id.in_(stamp_ids),
        Checkin.id == Stamp.checkin_id,
        Activity.id == Checkin.activity_id,
        Member.id == Checkin.member_id,
    )
    rows = db.session.execute(query).tuples().all()
    names = shown_names(actor, [member for *_, member in rows])
    return {stamp.id: VisitRow(stamp, checkin, activity, names[member.id]) for stamp, checkin, activity, member in rows}
