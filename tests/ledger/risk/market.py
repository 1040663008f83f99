"""A market of several shops where hundreds of redemptions happened in four weeks.

Each by the verbs would take a minute. What a detector reads are rows; their points and money move by `post_transfers`
as a confirmation moves them, so the books are checked like any.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ledger.book.accounts import fund_of, issuance_of, payable_to, takings_of, wallet_of
from ledger.book.codes import Code
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock, numbers
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.people import members
from ledger.people.models import Member
from ledger.rewards import agreements, merchants, offers
from ledger.rewards.models import Branch, Offer, OfferKind, Redemption, RedemptionState, Via
from ledger.rewards.offers import OfferTerms
from ledger.rewards.redemptions import FEN_PART, POINTS_PART
from ledger.rewards.reservations import SOURCE
from tests.ledger.rewards.street import Street, terms_of


@dataclass(frozen=True)
class Stall:
    """A shop of the market, which sells one thing for ten points."""

    branch: Branch
    offer: Offer

    @property
    def merchant_id(self) -> UUID:
        return self.branch.merchant_id


@dataclass
class Market:
    """The street's community with several shops."""

    street: Street
    stalls: list[Stall] = field(default_factory=list)

    def open_stalls(self, count: int) -> None:
        self.stalls += [self._open_stall(f"小店{number + 1}") for number in range(count)]

    def _open_stall(self, name: str) -> Stall:
        admin, treasurer = self.street.place.admin.actor, self.street.place.treasurer.actor
        shop = merchants.create_merchant(admin, name, trade="杂货")
        branch = merchants.add_branch(admin, shop.id, name=name, address="南华街")
        agreement = agreements.draft_agreement(admin, shop.id, terms=terms_of(self.street.fund))
        agreements.sign_agreement(admin, agreement.id)
        agreements.sign_agreement(treasurer, agreement.id)
        terms = OfferTerms(name="一份", points=10)
        draft = offers.draft_offer(admin, agreement.id, kind=OfferKind.GOODS, terms=terms, stock=None)
        return Stall(branch, offers.approve_offer(treasurer, draft.id))


@dataclass(frozen=True)
class Trip:
    """Somebody's purchase to come."""

    at: datetime
    person: Member
    stall: Stall
    quantity: int


@dataclass
class Town:
    """The honest members of a market and the pairs that collude."""

    market: Market
    honest: list[Member]
    pairs: list[tuple[Member, Stall]]


DAYS = 26


@atomic
def tell_four_weeks(street: Street, *, honest: int, pairs: int, seed: int) -> Town:
    """Honest members buy one to five times, half of it near home, one in twenty daily bread; each of the pairs more.

    They begin at the moment of the clock, which ends 26 days later.
    """
    chance = random.Random(seed)
    market = Market(street)
    market.open_stalls(6)
    town = Town(market, [_join(street, f"居民{number}") for number in range(honest)], [])
    for number in range(pairs):
        town.pairs.append((_join(street, f"同伙{number}"), market.stalls[number]))
    start = clock.now()
    trips = [trip for number, one in enumerate(town.honest) for trip in _honest(chance, market, one, start, number)]
    trips += [trip for person, stall in town.pairs for trip in _colluding(chance, person, stall, start)]
    clock.move_to(start + timedelta(days=DAYS))
    _go(street, sorted(trips, key=lambda one: (one.at, one.person.id)))
    return town


def _join(street: Street, name: str) -> Member:
    return members.add_member(street.place.admin.actor, name, unit_id=street.place.micro_grid.id, phone=None)


def _go(street: Street, trips: list[Trip]) -> None:
    rows = [_redemption(street, trip) for trip in trips]
    db.session.add_all(rows)
    db.session.flush()
    earned = [
        Draft(
            code=Code.AWARD,
            debit=issuance_of(street.id),
            credit=wallet_of(row.member_id),
            amount=row.points,
            source=Source("test", row.id, b""),
        )
        for row in rows
    ]
    post_transfers(street.place.system, earned)
    post_transfers(street.place.system, [draft for row in rows for draft in _drafts(row)])


def _redemption(street: Street, trip: Trip) -> Redemption:
    redemption_id, points = new_id(), 10 * trip.quantity
    return Redemption(
        community_id=street.id,
        id=redemption_id,
        member_id=trip.person.id,
        merchant_id=trip.stall.merchant_id,
        branch_id=trip.stall.branch.id,
        offer_id=trip.stall.offer.id,
        offer_version=trip.stall.offer.version,
        agreement_id=trip.stall.offer.agreement_id,
        agreement_version=1,
        fund_id=street.fund.id,
        quantity=trip.quantity,
        points=points,
        gross_fen=10 * points,
        refunded_points=0,
        refunded_fen=0,
        via=Via.MERCHANT_CODE,
        state=RedemptionState.CONFIRMED,
        receipt_number=numbers.public_number(street.place.community.short_code, redemption_id),
        reserved_at=trip.at,
        expires_at=trip.at + timedelta(minutes=15),
        confirmed_at=trip.at,
        reserved_by=trip.person.person_id,
        confirmed_by=trip.person.person_id,
    )


def _drafts(row: Redemption) -> list[Draft]:
    source = Source(SOURCE, row.id, b"")
    shop = row.merchant_id
    points = (POINTS_PART, wallet_of(row.member_id), takings_of(shop), row.points)
    fen = (FEN_PART, fund_of(row.fund_id), payable_to(shop), row.gross_fen)
    return [
        Draft(code=Code.REDEEM, debit=debit, credit=credit, amount=amount, source=source, part=part)
        for part, debit, credit, amount in (points, fen)
    ]


def _moment(chance: random.Random, start: datetime) -> datetime:
    """Between eight in the morning and eight in the evening; the story starts at noon."""
    return start + timedelta(days=chance.randrange(DAYS - 1), hours=20, minutes=chance.randrange(12 * 60))


def _honest(chance: random.Random, market: Market, person: Member, start: datetime, number: int) -> list[Trip]:
    home = market.stalls[number % len(market.stalls)]
    is_regular = number % 20 == 0
    times = 8 if is_regular else chance.choice((1, 1, 2, 2, 3, 4, 5))
    return [
        Trip(
            _moment(chance, start),
            person,
            home if is_regular or chance.random() < 0.5 else chance.choice(market.stalls),
            chance.choice((1, 1, 1, 2)),
        )
        for _ in range(times)
    ]


def _colluding(chance: random.Random, person: Member, stall: Stall, start: datetime) -> list[Trip]:
    """Everything that the partner has goes to the one shop."""
    return [Trip(_moment(chance, start), person, stall, chance.choice((5, 6, 7))) for _ in range(8)]
