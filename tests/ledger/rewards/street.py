"""A shopping street for tests: a neighbourhood, its fund, one bakery under a signed agreement, and what it offers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flask import Flask

from ledger.book.accounts import issuance_of, wallet_of
from ledger.book.balances import member_balance
from ledger.book.codes import Code
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Reason
from ledger.core.ids import new_id
from ledger.people import phones
from ledger.rewards import agreements, funds, member_codes, merchants, offers, redemptions
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.models import Agreement, Branch, Fund, Merchant, Offer, OfferKind, Redemption
from ledger.rewards.offers import OfferTerms
from ledger.rewards.ways import ByMemberCode, ByPoster
from tests.openings import told_once
from tests.stories import Neighbour, Neighbourhood, neighbour, next_phone, open_neighbourhood

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 20 November 2026, twelve o'clock in Yinchuan."""


@dataclass
class Street:
    """The neighbourhood, a fund of 1,000 yuan, a bakery with one branch, owner, clerk and a loaf for 20 points.

    Ten points are worth one yuan.
    """

    place: Neighbourhood
    fund: Fund
    bakery: Merchant
    branch: Branch
    agreement: Agreement
    loaf: Offer
    owner: Neighbour
    clerk: Neighbour

    @property
    def id(self) -> UUID:
        return self.place.id

    @property
    def poster(self) -> ByPoster:
        """The way in by the bakery's poster."""
        return ByPoster(merchants.poster_code(self.place.admin.actor, self.branch))

    def volunteer(self, points: int = 100, name: str = "林秀芳") -> Neighbour:
        """A volunteer with so many points in the wallet."""
        person = self.place.volunteer(name)
        if points:
            self.award(person, points)
        return person

    @atomic
    def award(self, person: Neighbour, points: int) -> None:
        assert person.member_id is not None
        source = Source("test", new_id(), b"")
        draft = Draft(
            code=Code.AWARD,
            debit=issuance_of(self.id),
            credit=wallet_of(person.member_id),
            amount=points,
            source=source,
        )
        post_transfers(self.place.system, [draft])

    def offer(self, *, kind: OfferKind = OfferKind.GOODS, stock: int | None = None, **terms: Any) -> Offer:
        """An approved offer of the bakery."""
        asked = {"name": "全麦面包", "points": 20} | terms
        draft = offers.draft_offer(
            self.place.admin.actor, self.agreement.id, kind=kind, terms=OfferTerms(**asked), stock=stock
        )
        return offers.approve_offer(self.place.treasurer.actor, draft.id)

    def change(self, offer: Offer, **terms: Any) -> Offer:
        """The offer's terms are these from now on."""
        asked = {"name": "全麦面包", "points": 20} | terms
        newest = offers.newest_version(self.id, offer.id)
        offers.change_offer(self.place.admin.actor, offer.id, read_version=newest, terms=OfferTerms(**asked))
        return offers.approve_offer(self.place.treasurer.actor, offer.id)

    def agree(self, **terms: Any) -> None:
        """The agreement is amended, and signed by two people."""
        newest = agreements.newest_version(self.id, self.agreement.id)
        agreed = terms_of(self.fund, **terms)
        agreements.amend_agreement(self.place.admin.actor, self.agreement.id, read_version=newest, terms=agreed)
        for person in (self.place.admin, self.place.treasurer):
            agreements.sign_agreement(person.actor, self.agreement.id)

    def code_of(self, person: Neighbour) -> ByMemberCode:
        """The way in by the person's fresh one-time code."""
        return ByMemberCode(member_codes.create_member_code(person.actor).code)

    def reserve(self, person: Neighbour, offer: Offer | None = None, **asked: Any) -> Redemption:
        """The person reserves through the shop's poster."""
        return redemptions.reserve(person.actor, (offer or self.loaf).id, way=self.poster, **asked)

    def buy(self, person: Neighbour, offer: Offer | None = None, **asked: Any) -> Redemption:
        """The person reserves through the shop's poster and confirms."""
        return redemptions.confirm(person.actor, self.reserve(person, offer, **asked).id)

    def serve(self, person: Neighbour, offer: Offer | None = None, **asked: Any) -> Redemption:
        """The clerk reserves with the person's code."""
        asked = {"way": self.code_of(person)} | asked
        return redemptions.reserve(self.clerk.actor, (offer or self.loaf).id, **asked)

    def available(self, person: Neighbour) -> int:
        assert person.member_id is not None
        return member_balance(self.id, person.member_id).available

    def figures(self) -> funds.FundFigures:
        return funds.figures_of(self.id, [self.fund.id])[self.fund.id]

    def at_counter(self, name: str = "店员", *, role: str = "clerk", branch: Branch | None = None) -> Neighbour:
        """Somebody new behind the bakery's counter, no member of the community."""
        person_id = add_person()
        if role == "owner":
            merchants.appoint_owner(self.place.admin.actor, self.bakery.id, person_id=person_id, name=name)
        else:
            branch_id = branch.id if branch else None
            merchants.appoint_clerk(
                self.place.admin.actor, self.bakery.id, person_id=person_id, name=name, branch_id=branch_id
            )
        return neighbour(self.id, name, person_id, None)


@atomic
def add_person() -> UUID:
    return phones.add_person(next_phone())


def terms_of(fund: Fund, **changed: Any) -> AgreementTerms:
    """Ten points are one yuan, from last year to the end of the next."""
    asked: dict[str, Any] = {
        "fund_id": fund.id,
        "rate_fen": 100,
        "rate_points": 10,
        "starts_on": date(clock.now().year - 1, 1, 1),
        "ends_on": date(clock.now().year + 1, 12, 31),
        "signatory": "王老板",
    }
    return AgreementTerms(**(asked | changed))


@told_once
def open_street(*, at: datetime = NOON, fund_fen: int = 100_000, **terms: Any) -> Street:
    """Everything signed and approved by two people, the clock standing at `at`."""
    clock.move_to(at)
    place = open_neighbourhood()
    admin, treasurer = place.admin.actor, place.treasurer.actor
    fund = funds.create_fund(admin, "微基金")
    if fund_fen:
        funds.grant_money(treasurer, fund.id, amount_fen=fund_fen, donor="红色合伙人")
    bakery = merchants.create_merchant(admin, "麦香面包", trade="面包")
    branch = merchants.add_branch(admin, bakery.id, name="东门店", address="南华街 1 号")
    agreement = agreements.draft_agreement(admin, bakery.id, terms=terms_of(fund, **terms))
    agreements.sign_agreement(admin, agreement.id)
    agreement = agreements.sign_agreement(treasurer, agreement.id)
    street = Street(place, fund, bakery, branch, agreement, None, None, None)
    street.loaf = street.offer()
    street.owner = street.at_counter("王老板", role="owner")
    street.clerk = street.at_counter("小张", branch=branch)
    return street


def at_once(app: Flask, calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads of their own; each answers its result or the code of its refusal."""

    def run(call: Callable[[], Any]) -> Any:
        with app.app_context():
            try:
                return call()
            except Reason as reason:
                return reason.code
            finally:
                db.session.remove()

    db.session.remove()  # The test's own snapshot ends, so that it sees afterwards what the threads did.
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(run, calls))
