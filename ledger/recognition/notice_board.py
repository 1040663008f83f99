"""The notice board: what anybody may know of a community without signing in. Nobody is named who did not agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from ledger.book import checkpoints
from ledger.book.accounts import issuance_of
from ledger.book.balances import account_balance
from ledger.book.codes import Unit
from ledger.book.models import Balance, Checkpoint
from ledger.core import clock, second_person
from ledger.core.db import db, snapshot
from ledger.core.tenancy import scoped, within
from ledger.people.members import load_community, public_names
from ledger.people.models import Member, MemberState
from ledger.recognition import contents, figures, summaries
from ledger.recognition.contents import FEWEST
from ledger.recognition.summaries import SummaryView
from ledger.rewards import week_figures
from ledger.rewards.complaint_reading import public_counts
from ledger.rewards.funds import figures_of
from ledger.rewards.models import Fund
from ledger.rewards.week_figures import WeekFigures
from ledger.service.objection_models import Objection, ObjectionState
from ledger.settlement.models import Settlement, SettlementState

MOST_NAMED, MOST_SUMMARIES, WEEKS = 10, 12, 4

PAID = (SettlementState.PAID, SettlementState.RECONCILED)


class BoardFund(NamedTuple):
    name: str
    granted_fen: int
    spent_fen: int
    left_fen: int


class Thanked(NamedTuple):
    """Somebody who served most this month; the name of whoever agreed to be published, else the masked one."""

    name: str
    hours: int


@dataclass(frozen=True, slots=True)
class Board:
    """Public figures of a community. `month` is told of up to this moment; `*_ever` of all time.

    `people` is None while fewer than three served. `entered_later_percent` is the share of the month's visits that were
    recorded by hand afterwards (None: no visit). `weeks` are the last four that have ended, the newest first, from the
    first of them in which anything was redeemed: the present one would tell of each person as they come.
    """

    community_id: UUID
    community_name: str
    is_demo: bool
    month: date
    volunteers: int
    people: int | None
    visits: int
    minutes: int
    minutes_ever: int
    points_ever: int
    redeemed_points: int
    brought_fen: int
    settled_fen_ever: int
    entered_later_percent: int | None
    open_objections: int
    open_complaints: int
    overdue_complaints: int
    stood_in: int
    funds: tuple[BoardFund, ...]
    weeks: tuple[WeekFigures, ...]
    thanked: tuple[Thanked, ...]
    seal: Checkpoint | None
    summaries: tuple[SummaryView, ...]


def board_of(community_id: UUID) -> Board:
    """The board of a community as of now. Raises NotFound."""
    with snapshot():
        return _board(community_id)


def _board(community_id: UUID) -> Board:
    community = load_community(community_id)
    month = clock.today().replace(day=1)
    span = figures.month_span(community_id, month, clock.now())
    totals = contents.totals_of(span)
    complaints = public_counts(community_id)
    visits, later = totals["visits"], totals["entered_later"]
    return Board(
        community_id=community_id,
        community_name=community.name,
        is_demo=community.is_demo,
        month=month,
        volunteers=_count(community_id, Member, Member.state == MemberState.ACTIVE),
        people=totals["people"] if totals["people"] >= FEWEST else None,
        visits=visits,
        minutes=totals["minutes"],
        minutes_ever=-account_balance(community_id, issuance_of(community_id, Unit.MINUTES)),
        points_ever=_awarded_ever(community_id),
        redeemed_points=totals["redeemed"] - totals["refunded"],
        brought_fen=totals["brought_fen"] - totals["refunded_fen"],
        settled_fen_ever=_settled_ever(community_id),
        entered_later_percent=round(100 * later / visits) if visits else None,
        open_objections=_count(community_id, Objection, Objection.state == ObjectionState.ASKED),
        open_complaints=complaints.open,
        overdue_complaints=complaints.overdue,
        stood_in=sum(second_person.count_stand_ins(community_id).values()),
        funds=_funds(community_id),
        weeks=_weeks(community_id),
        thanked=_thanked(span),
        seal=checkpoints.newest_checkpoint(community_id),
        summaries=tuple(summaries.list_published(community_id, limit=MOST_SUMMARIES)),
    )


def _count(community_id: UUID, model: type[Member] | type[Objection], condition: object) -> int:
    query = select(func.count()).where(within(community_id, model), condition)  # type: ignore[arg-type]
    return int(db.session.scalar(query) or 0)


def _awarded_ever(community_id: UUID) -> int:
    """Points that were ever earned and not taken back: what all wallets have earned in their lives."""
    query = scoped(community_id, Balance).with_only_columns(func.coalesce(func.sum(Balance.earned), 0))
    return int(db.session.scalar(query) or 0)


def _settled_ever(community_id: UUID) -> int:
    query = scoped(community_id, Settlement).where(Settlement.state.in_(PAID))
    return int(db.session.scalar(query.with_only_columns(func.coalesce(func.sum(Settlement.payable_fen), 0))) or 0)


def _funds(community_id: UUID) -> tuple[BoardFund, ...]:
    rows = db.session.execute(scoped(community_id, Fund.id, Fund.name).order_by(Fund.id)).tuples().all()
    found = figures_of(community_id, [fund_id for fund_id, _ in rows])
    return tuple(
        BoardFund(name, found[one].granted, found[one].spent, found[one].left) for one, name in rows if one in found
    )


def _weeks(community_id: UUID) -> tuple[WeekFigures, ...]:
    found = [week_figures.figures_of_week(community_id, week) for week in week_figures.last_weeks(WEEKS + 1)[1:]]
    while found and not found[-1].kinds:
        found.pop()
    return tuple(found)


def _thanked(span: figures.Span) -> tuple[Thanked, ...]:
    """Who served most this month, whole hours only; nobody while fewer than three served."""
    found = figures.served_most(span, limit=MOST_NAMED)
    if len(found) < FEWEST:
        return ()
    names = public_names(span.community_id, [member_id for member_id, _ in found])
    return tuple(Thanked(names[member_id], minutes // 60) for member_id, minutes in found)
