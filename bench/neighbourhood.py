"""The place that the bench measures: a community with volunteers, shops and activities, all through the real verbs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, cycle, islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import text

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.tenancy import Actor
from ledger.people import members, sessions
from ledger.people.models import SessionKind
from ledger.rewards import agreements, funds, merchants, offers, redemptions
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.models import Fund, OfferKind, Redemption
from ledger.rewards.offers import OfferTerms
from ledger.rewards.ways import ByPoster
from ledger.service.activities import ActivityPlan, cancel_activity, plan_activity
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Activity, Basis, Checkin, Decision, Programme
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.stamps import stamp_checkins
from tests.stories import Neighbour, Neighbourhood, next_phone, open_neighbourhood

T = TypeVar("T")

AT_ONCE = 100
"""How many preparations share a transaction: preparing is not what is measured."""

HOURS_APART = 26
"""Of two services behind us: a check-in meets two of them at most, and three months have room for many."""

NAME = "林秀芳"
"""Of every volunteer; a page that shows it knows who looks at it."""

POINTS_EACH = 100_000
FUND_FEN = 10**11
PIECE = 20
"""Points of every offer; ten points are one yuan."""


class Volunteer(NamedTuple):
    """A member with a full wallet, and the token of their phone."""

    actor: Actor
    token: str


class Shop(NamedTuple):
    """A shop with one branch and one offer without limits."""

    offer_id: UUID
    poster: ByPoster


class Visit(NamedTuple):
    """A check-in that is still to be made."""

    volunteer: Volunteer
    activity: Activity


class Reserved(NamedTuple):
    """A redemption that waits for the confirmation of its volunteer."""

    volunteer: Volunteer
    redemption: Redemption


@dataclass(frozen=True, slots=True)
class Place:
    """The community of the bench."""

    neighbourhood: Neighbourhood
    programme: Programme
    volunteers: list[Volunteer]
    shops: list[Shop]
    _earlier: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def id(self) -> UUID:
        return self.neighbourhood.id

    @property
    def url(self) -> str:
        return self.neighbourhood.url

    @property
    def stamper(self) -> Neighbour:
        return self.neighbourhood.stamper

    def reserve(self, count: int, *, shops: Sequence[Shop] = ()) -> list[Reserved]:
        """So many reserved redemptions, volunteers and shops in turn: neighbours in the list share no wallet."""
        pairs = zip(cycle(self.volunteers), cycle(shops or self.shops))
        return [one for some in in_hundreds(list(islice(pairs, count))) for one in _reserve(some)]

    def plan_visits(self, count: int, *, activities: int = 24) -> list[Visit]:
        """So many check-ins to make, of different volunteers, spread over activities that are on now."""
        assert count <= len(self.volunteers), "a volunteer is at one place at a time"
        going_on = self.plan_activities(activities)
        return [Visit(one, activity) for one, activity in zip(self.volunteers[:count], cycle(going_on))]

    @atomic
    def plan_activities(self, count: int, *, hours_ago: int = 0) -> list[Activity]:
        """Activities of two hours; without `hours_ago` they have just begun."""
        starts_at = clock.now() - timedelta(hours=hours_ago, minutes=5)
        plan = ActivityPlan(name="巡逻", place="东门", starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))
        admin, unit = self.neighbourhood.admin.actor, self.neighbourhood.grid
        return [plan_activity(admin, self.programme.id, unit_id=unit.id, plan=plan) for _ in range(count)]

    def serve(self, count: int) -> list[Checkin]:
        """So many visits that wait for their stamp: the volunteers in turn, everybody at one place at a time."""
        served: list[Checkin] = []
        while len(served) < count:
            [activity] = self.plan_activities(1, hours_ago=HOURS_APART * next(self._earlier))
            for group in in_hundreds(self.volunteers[: count - len(served)]):
                served += _record(self.neighbourhood, activity, group)
        return served

    @atomic
    def call_off(self, visits: Sequence[Visit]) -> None:
        """The activities are cancelled, so that nobody is checked in any more and all can start again."""
        admin = self.neighbourhood.admin.actor
        for activity_id in {visit.activity.id for visit in visits}:
            cancel_activity(admin, activity_id, reason="bench")


def settle_place(*, volunteers: int, shops: int) -> Place:
    """A new community whose volunteers have served and were stamped, whose shops have signed and whose fund is full."""
    neighbourhood = open_neighbourhood()
    programme = create_programme(
        neighbourhood.admin.actor, "巡逻", terms=RuleTerms(Basis.PER_VISIT, points=POINTS_EACH)
    ).programme
    place = Place(neighbourhood, programme, [], [])
    for some in in_hundreds(range(volunteers)):
        place.volunteers.extend(_join(neighbourhood, len(some)))
    place.shops.extend(open_shops(neighbourhood, shops))
    for visits in in_hundreds(place.serve(volunteers)):
        _stamp(neighbourhood, visits)
    return place


def in_hundreds(things: Sequence[T]) -> Iterator[Sequence[T]]:
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))


@atomic
def _join(neighbourhood: Neighbourhood, count: int) -> list[Volunteer]:
    admin, unit = neighbourhood.admin.actor, neighbourhood.micro_grid
    joined = [members.add_member(admin, NAME, unit_id=unit.id, phone=next_phone()) for _ in range(count)]
    return [volunteer_of(neighbourhood.id, member.person_id) for member in joined]


def volunteer_of(community_id: UUID, person_id: UUID) -> Volunteer:
    """The person with a phone that has just signed in."""
    token, session = sessions.open_session(person_id, kind=SessionKind.API, label="bench")
    return Volunteer(sessions.enter(Actor(person_id=person_id, session_id=session.id), community_id), token)


@atomic
def open_shops(neighbourhood: Neighbourhood, count: int) -> list[Shop]:
    admin, treasurer = neighbourhood.admin.actor, neighbourhood.treasurer.actor
    fund = funds.create_fund(admin, "微基金")
    for _ in range(16):
        funds.grant_money(treasurer, fund.id, amount_fen=FUND_FEN // 16, donor="红色合伙人")
    return [_open_shop(admin, treasurer, fund, number) for number in range(count)]


def _open_shop(admin: Actor, treasurer: Actor, fund: Fund, number: int) -> Shop:
    shop = merchants.create_merchant(admin, f"{number} 号店", trade="面包")
    branch = merchants.add_branch(admin, shop.id, name="东门店", address="南华街 1 号")
    year = clock.today().year
    terms = AgreementTerms(
        fund_id=fund.id,
        rate_fen=100,
        rate_points=10,
        starts_on=date(year, 1, 1),
        ends_on=date(year + 1, 12, 31),
        signatory="王老板",
    )
    agreement = agreements.draft_agreement(admin, shop.id, terms=terms)
    agreements.sign_agreement(admin, agreement.id)
    agreements.sign_agreement(treasurer, agreement.id)
    offer = offers.draft_offer(
        admin, agreement.id, kind=OfferKind.GOODS, terms=OfferTerms(name="全麦面包", points=PIECE)
    )
    offers.approve_offer(treasurer, offer.id)
    return Shop(offer.id, ByPoster(merchants.poster_code(admin, branch)))


@atomic
def _record(neighbourhood: Neighbourhood, activity: Activity, group: Sequence[Volunteer]) -> list[Checkin]:
    """They were there for an hour, as one person of the staff recorded."""
    for table in ("members", "checkins"):  # As PostgreSQL's own keeper does after a while: the bench's has none.
        db.session.execute(text(f"ANALYZE {table}"))
    recorder, arrived_at = neighbourhood.admin.actor, activity.starts_at
    return [
        record_checkin(
            recorder,
            activity.id,
            kind=Kind.IN,
            via=Via(member_id=one.actor.member_id),
            happened_at=arrived_at,
            minutes=60,
        )
        for one in group
    ]


@atomic
def _stamp(neighbourhood: Neighbourhood, visits: Sequence[Checkin]) -> None:
    """Another one has stamped them."""
    stamped = stamp_checkins(neighbourhood.stamper.actor, [visit.id for visit in visits], decision=Decision.STAMP)
    refused = [result.code for result in stamped.results if result.code]
    assert not refused, f"the bench's own service was not stamped: {refused[0]}"


@atomic
def _reserve(pairs: Sequence[tuple[Volunteer, Shop]]) -> list[Reserved]:
    return [Reserved(one, redemptions.reserve(one.actor, shop.offer_id, way=shop.poster)) for one, shop in pairs]
