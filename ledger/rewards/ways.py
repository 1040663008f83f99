"""The ways to a redemption, and who stands where by each: the member's code, a visit, the shop's poster, a card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.errors import NotFound
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load
from ledger.people import card_pins, cards, guesses, numbers
from ledger.people.card_errors import PinRequired
from ledger.people.cards import ScannedCard
from ledger.people.cards_models import Card
from ledger.people.members import load_member
from ledger.people.models import PlaceUnit
from ledger.rewards import member_codes
from ledger.rewards.errors import OwnRedemption, ShopCodeUnknown, TillClosed
from ledger.rewards.member_codes import Scanned
from ledger.rewards.merchants import is_behind_counter, only_branch
from ledger.rewards.models import Branch, Offer, Path, TillVisit, Via
from ledger.rewards.path_caps import path_of
from ledger.rewards.terms import Terms, read_terms


class ByPoster(NamedTuple):
    """The member scanned the shop's poster and chooses alone."""

    code: str


class ByMemberCode(NamedTuple):
    """A clerk scanned the member's one-time code."""

    code: str


class ByTill(NamedTuple):
    """A clerk chooses for the member whose visit is open. A PIN confirms where a paper card opened it."""

    till_id: UUID
    pin: str | None = None


class ByCard(NamedTuple):
    """A clerk scanned or typed the member's paper card; its holder's PIN confirms."""

    code: str
    pin: str


Way = ByPoster | ByMemberCode | ByTill | ByCard


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who wants which offer where: the terms as they are for this member, and how they came.

    `is_elsewhere`: the request names another branch than the one where they are. `confirmed_by`: the person whose
    PIN confirms on the spot.
    """

    member_id: UUID
    branch_id: UUID
    via: Via
    terms: Terms
    code_id: UUID | None = None
    till_id: UUID | None = None
    on_behalf_of: UUID | None = None
    is_elsewhere: bool = False
    confirmed_by: UUID | None = None

    @property
    def path(self) -> Path:
        """By which of the paths whose points an agreement may limit they came."""
        return path_of(self.via, self.on_behalf_of)


@contextmanager
def arrive(
    actor: Actor,
    way: Way,
    offer_id: UUID,
    *,
    at: datetime,
    branch_id: UUID | None = None,
    on_behalf_of: UUID | None = None,
) -> Iterator[Arrival]:
    """The member, branch and terms; a member's code is used up by the block whatever becomes of it.

    Raises NotFound (offer, branch, visit, member), Forbidden, TooManyRequests, then what the code earns.
    """
    match way:
        case ByPoster(code):
            yield _by_poster(actor, code, offer_id, at=at, branch_id=branch_id, on_behalf_of=on_behalf_of)
        case ByMemberCode(code):
            member_codes.refuse_guessing(actor)
            scanned = member_codes.look_up(actor, code)
            terms = _terms(
                actor, offer_id, scanned.member_id, at=at, place=_branch_is(branch_id), path=Path.MEMBER_CODE
            )
            here = _counter(actor, terms, branch_id)
            with member_codes.used_up(actor, scanned):
                yield _at_counter(actor, scanned, here, terms)
        case ByTill(till_id, pin):
            yield _by_till(actor, till_id, offer_id, at=at, branch_id=branch_id, pin=pin)
        case ByCard(code, pin):
            yield _by_card(actor, code, offer_id, at=at, branch_id=branch_id, pin=pin)


def _terms(
    actor: Actor,
    offer_id: UUID,
    member_id: UUID | None,
    *,
    at: datetime,
    place: ColumnElement[bool] | None,
    path: Path,
    asked_by: Actor | None = None,
) -> Terms:
    found = read_terms(
        actor.tenant, Offer.id == offer_id, member_id=member_id, at=at, place=place, path=path, asked_by=asked_by
    )
    if not found:
        raise NotFound
    return found[0]


def reread(actor: Actor, arrival: Arrival, *, at: datetime) -> Terms:
    """The terms once more, after overdue reservations were ended."""
    place = _branch_is(arrival.branch_id)
    return _terms(actor, arrival.terms.offer_id, arrival.member_id, at=at, place=place, path=arrival.path)


def _branch_is(branch_id: UUID | None) -> ColumnElement[bool] | None:
    return None if branch_id is None else Branch.id == branch_id


def _by_poster(
    actor: Actor, code: str, offer_id: UUID, *, at: datetime, branch_id: UUID | None, on_behalf_of: UUID | None
) -> Arrival:
    if on_behalf_of is not None:
        on_behalf_of = load_member(actor.tenant, on_behalf_of).id
    short_code, _, branch_code = code.strip().upper().partition("-")
    member_id = on_behalf_of or actor.member_id
    is_helped = on_behalf_of not in (None, actor.member_id)
    path = Path.HELPER if is_helped else Path.MERCHANT_CODE
    terms = _terms(actor, offer_id, member_id, at=at, place=Branch.code == branch_code, path=path, asked_by=actor)
    person_id = _require_member(actor, on_behalf_of, terms)
    assert member_id is not None
    if short_code != terms.short_code or terms.branch_id is None:
        raise ShopCodeUnknown
    if is_behind_counter(actor, terms.merchant_id):  # Neither for themself nor for whom they help.
        raise OwnRedemption
    elsewhere = branch_id not in (None, terms.branch_id)
    return Arrival(member_id, terms.branch_id, Via.MERCHANT_CODE, terms, on_behalf_of=person_id, is_elsewhere=elsewhere)


def _require_member(actor: Actor, on_behalf_of: UUID | None, terms: Terms) -> UUID | None:
    """The actor redeems for themself, or for a member whom they help (whose person is returned), who then confirms."""
    if on_behalf_of is None or on_behalf_of == actor.member_id:
        require(actor, "redeem", member_id=actor.member_id)
        numbers.refuse_new_number(terms.number_new_until)
        return None
    member = load_member(actor.tenant, on_behalf_of)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "act_for_member", member_id=member.id, unit_path=unit.path)
    return member.person_id


def _counter(actor: Actor, terms: Terms, branch_id: UUID | None) -> UUID:
    """The branch behind whose counter the actor serves this shop: NotFound, Forbidden, BranchRequired."""
    if branch_id is not None and terms.branch_id is None:
        raise NotFound
    require(actor, "use_till", merchant_id=terms.merchant_id, branch_id=branch_id)
    if branch_id is not None:
        return branch_id
    own = {counter.branch_id for counter in actor.counters if counter.merchant_id == terms.merchant_id}
    [only] = own if len(own) == 1 else [None]
    return only or only_branch(terms.merchant_id)


def _at_counter(actor: Actor, scanned: Scanned, branch_id: UUID, terms: Terms) -> Arrival:
    assert scanned.member_id is not None
    if scanned.member_id == actor.member_id:
        raise OwnRedemption
    return Arrival(scanned.member_id, branch_id, Via.MEMBER_CODE, terms, code_id=scanned.code_id)


def _by_card(actor: Actor, code: str, offer_id: UUID, *, at: datetime, branch_id: UUID | None, pin: str) -> Arrival:
    guesses.refuse_guessing(actor)
    scanned = cards.look_up(actor, code)
    terms = _terms(actor, offer_id, scanned.member_id, at=at, place=_branch_is(branch_id), path=Path.CARD)
    here = _counter(actor, terms, branch_id)
    person_id = _confirmed_by_pin(actor, scanned, pin)
    assert scanned.member_id is not None
    if scanned.member_id == actor.member_id:
        raise OwnRedemption
    return Arrival(scanned.member_id, here, Via.CARD, terms, confirmed_by=person_id)


def _confirmed_by_pin(actor: Actor, scanned: ScannedCard, pin: str) -> UUID:
    """The person who confirms: the holder, whose PIN was right."""
    card_pins.check_pin(actor, scanned, pin)
    assert scanned.member is not None
    return scanned.member.person_id


def _by_till(
    actor: Actor, till_id: UUID, offer_id: UUID, *, at: datetime, branch_id: UUID | None, pin: str | None
) -> Arrival:
    visit = load(actor.tenant, TillVisit, till_id)
    here = Branch.id == visit.branch_id
    terms = _terms(actor, offer_id, visit.member_id, at=at, place=here, path=Path(visit.via))
    require(actor, "use_till", merchant_id=visit.merchant_id, branch_id=visit.branch_id)
    require(actor, "use_till", merchant_id=terms.merchant_id, branch_id=None)
    if visit.expires_at <= clock.now():
        raise TillClosed
    if visit.member_id == actor.member_id:
        raise OwnRedemption
    person_id = None if visit.card_id is None else _with_card(actor, visit.card_id, pin)
    return Arrival(
        visit.member_id,
        visit.branch_id,
        Via(visit.via),
        terms,
        till_id=visit.id,
        is_elsewhere=branch_id not in (None, visit.branch_id),
        confirmed_by=person_id,
    )


def _with_card(actor: Actor, card_id: UUID, pin: str | None) -> UUID:
    """The holder of the card that opened the visit confirms, if it is still live and the PIN is right."""
    guesses.refuse_guessing(actor)
    if pin is None:
        raise PinRequired
    return _confirmed_by_pin(actor, cards.read_again(load(actor.tenant, Card, card_id)), pin)
