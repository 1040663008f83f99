"""Paper cards: handed out with a PIN, lost, replaced, withdrawn. One live card a member."""

from __future__ import annotations

import secrets as chance
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.core import audit, clock, outbox, registry, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import Reason, WrongState
from ledger.core.exporting import all_facts
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load, same_community, scoped
from ledger.people import card_sheets, guesses, notices
from ledger.people.card_codes import index_of, open_code
from ledger.people.card_errors import (
    CardBlank,
    CardHolderLeft,
    CardLive,
    CardLost,
    CardReplaced,
    CardTaken,
    CardVoid,
    NoCard,
    PinTooSimple,
    UnknownCard,
)
from ledger.people.cards_models import Card, CardSheet, CardState
from ledger.people.members import load_member
from ledger.people.models import Member, MemberState, PlaceUnit

SALT_BYTES = 16
CODES_AT_ONCE = 500
"""Cards that one statement asks for."""
PIN_DIGITS = 4
"""Of a PIN that we choose; its holder may choose up to six."""

WHY_DEAD: dict[str, type[Reason]] = {
    CardState.BLANK: CardBlank,
    CardState.LOST: CardLost,
    CardState.REPLACED: CardReplaced,
    CardState.VOID: CardVoid,
}

HANDED_OUT = notices.declare("card.handed_out", zh="您领到了一张红花卡。", en="You were given a paper card.")
REPORTED_LOST = notices.declare(
    "card.reported_lost",
    zh="您的红花卡已挂失，旧卡不能再用，红花都还在。",
    en="Your paper card was reported lost: it opens nothing any more, and no points are lost.",
    by_phone=True,
)
PIN_SET = notices.declare(
    "card.pin_set",
    zh="您的红花卡密码已由工作人员重设。不是您要求的，请联系社区。",
    en="The staff set a new PIN for your paper card. If you did not ask for it, tell the community.",
    by_phone=True,
)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A card with what is shown just once: its PIN. The code stands on the card."""

    card: Card
    code: str
    pin: str


def digest_of_pin(card_id: UUID, salt: bytes, pin: str) -> bytes:
    """Keyed by the process and salted by the card: a dump of the database has nothing to try PINs against."""
    return secrets.mac(card_id.bytes + salt + pin.encode(), "card pins")


def _is_simple(pin: str) -> bool:
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


def _chosen(pin: str | None) -> str:
    if pin is not None:
        if _is_simple(pin):
            raise PinTooSimple
        return pin
    while _is_simple(made := f"{chance.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"):
        pass
    return made


def _set_pin(card: Card, pin: str) -> None:
    card.pin_salt = chance.token_bytes(SALT_BYTES)
    card.pin_hash = digest_of_pin(card.id, card.pin_salt, pin)
    card.pin_tries = 0


def _managed(actor: Actor, member_id: UUID) -> Member:
    """The member, locked, if the actor manages their cards: NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "manage_cards", unit_path=unit.path)
    return _lock(member)


def _lock(member: Member) -> Member:
    mine = scoped(member.community_id, Member).where(Member.id == member.id)
    locked: Member = db.session.scalars(
        mine.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()
    return locked


def live_card(community_id: UUID, member_id: UUID) -> Card | None:
    """The card that the member can use, if they have one."""
    query = scoped(community_id, Card).where(Card.member_id == member_id, Card.state == CardState.ISSUED)
    found: Card | None = db.session.scalars(query.with_for_update()).one_or_none()
    return found


@atomic
def hand_out(
    actor: Actor, member_id: UUID, *, code: str | None = None, pin: str | None = None, replaces: bool = False
) -> HandedOut:
    """The member holds a live card with a PIN; with `replaces` it stands for the one they had, which is dead.

    `code` is of a blank card at hand; None takes the one made for this member, or makes one to be printed. `pin` is
    what the holder chose, 4 to 6 digits; None: we choose. Mints secrets, so its answer is never remembered. Raises
    NotFound, Forbidden, TooManyRequests, CardHolderLeft, CardLive, PinTooSimple, then what the code earns:
    UnknownCard, CardTaken, CardLost, CardReplaced, CardVoid.
    """
    member = _managed(actor, member_id)
    if code is not None:
        guesses.refuse_guessing(actor)
    if member.state != MemberState.ACTIVE:
        raise CardHolderLeft
    before = live_card(actor.tenant, member.id)
    if before is not None and not replaces:
        raise CardLive
    chosen = _chosen(pin)
    card = _blank_card(actor, member, code)
    if before is not None:
        before.state, before.ended_at = CardState.REPLACED, clock.now()
        db.session.flush()
    card.member_id, card.state, card.issued_at = member.id, CardState.ISSUED, clock.now()
    _set_pin(card, chosen)
    db.session.flush()
    more = {} if before is None else {"replaced": before.id.hex}
    _written(actor, "people.hand_out_card", "card.handed_out", card, member, **more)
    notices.tell(actor.tenant, member.person_id, HANDED_OUT, card_id=card.id.hex, by=actor.person_id.hex)
    return HandedOut(card, open_code(card), chosen)


def _blank_card(actor: Actor, member: Member, code: str | None) -> Card:
    if code is None:
        meant = scoped(actor.tenant, Card).where(Card.member_id == member.id, Card.state == CardState.BLANK)
        newest = meant.order_by(Card.id.desc()).limit(1).with_for_update()
        return db.session.scalars(newest).first() or card_sheets.make_card(actor, member)
    query = scoped(actor.tenant, Card).where(Card.code_index == index_of(actor.tenant, code)).with_for_update()
    card: Card | None = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if card is None:
        raise UnknownCard(afterwards=lambda: guesses.count_try(actor))
    if card.state == CardState.ISSUED or card.member_id not in (None, member.id):
        raise CardTaken
    if card.state != CardState.BLANK:
        raise WHY_DEAD[card.state]
    return card


@atomic
def report_lost(actor: Actor, member_id: UUID) -> Card:
    """The member's live card is dead: said by the member, who acts for them, or the staff of their part.

    Raises NotFound, Forbidden, NoCard.
    """
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    if not (
        may(actor, "see_own", member_id=member.id)
        or may(actor, "act_for_member", member_id=member.id, unit_path=unit.path)
    ):
        require(actor, "manage_cards", unit_path=unit.path)
    card = _live(_lock(member))
    card.state, card.ended_at = CardState.LOST, clock.now()
    db.session.flush()
    _written(actor, "people.report_card_lost", "card.reported_lost", card, member)
    notices.tell(actor.tenant, member.person_id, REPORTED_LOST, card_id=card.id.hex, by=actor.person_id.hex)
    return card


@atomic
def reset_pin(actor: Actor, member_id: UUID, *, pin: str | None = None) -> HandedOut:
    """The member's live card has a new PIN and is open again; they are told. For a forgotten or blocked one.

    Mints a secret, so its answer is never remembered. Raises NotFound, Forbidden, NoCard, PinTooSimple.
    """
    member = _managed(actor, member_id)
    card, chosen = _live(member), _chosen(pin)
    _set_pin(card, chosen)
    db.session.flush()
    _written(actor, "people.reset_card_pin", "card.pin_reset", card, member)
    notices.tell(actor.tenant, member.person_id, PIN_SET, card_id=card.id.hex, by=actor.person_id.hex)
    return HandedOut(card, open_code(card), chosen)


def _live(member: Member) -> Card:
    card = live_card(member.community_id, member.id)
    if card is None:
        raise NoCard
    return card


@atomic
def withdraw_card(actor: Actor, card_id: UUID) -> Card:
    """The blank or live card is void for ever. Raises NotFound, Forbidden, WrongState."""
    card = load(actor.tenant, Card, card_id, lock=True)
    require(actor, "manage_cards", unit_path=_part_of(card))
    if card.state not in (CardState.BLANK, CardState.ISSUED):
        raise WrongState(state=card.state)
    card.state, card.ended_at = CardState.VOID, clock.now()
    db.session.flush()
    audit.record(actor, "people.withdraw_card", card.id)
    outbox.announce(actor, "card.withdrawn", card_id=card.id.hex)
    return card


def _part_of(card: Card) -> str:
    """Whose staff a card belongs to: of its member's place; a card that nobody has, of its sheet's."""
    if card.member_id is not None:
        unit_id = load_member(card.community_id, card.member_id).unit_id
    else:
        unit_id = load(card.community_id, CardSheet, card.sheet_id).unit_id
    return load(card.community_id, PlaceUnit, unit_id).path


def _written(actor: Actor, action: str, event: str, card: Card, member: Member, **more: str) -> None:
    whose = actor.acts_for(member.person_id)
    audit.record(actor, action, card.id, on_behalf_of=whose, member_id=member.id.hex, **more)
    outbox.announce(actor, event, card_id=card.id.hex, member_id=member.id.hex)


# --- reading ----------------------------------------------------------------------------------------------------


def see_card(actor: Actor, member_id: UUID) -> Card | None:
    """The member's live card, else the one they had last; None if they never had any. Raises NotFound, Forbidden."""
    member = require_card_seen(actor, member_id)
    held = scoped(actor.tenant, Card).where(Card.member_id == member.id, Card.state != CardState.BLANK)
    newest = held.order_by((Card.state == CardState.ISSUED).desc(), Card.issued_at.desc(), Card.id.desc()).limit(1)
    found: Card | None = db.session.scalars(newest).first()
    return found


def require_card_seen(actor: Actor, member_id: UUID) -> Member:
    """The member whose card the actor may look at: one's own, a helper's, the staff's. Raises NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    if not may(actor, "act_for_member", member_id=member.id, unit_path=unit.path):
        require(actor, "see_cards", member_id=member.id, unit_path=unit.path)
    return member


def holder_of(actor: Actor, typed: str) -> Member:
    """The member whose live card this is. Raises what `look_up` finds against the card."""
    scanned = look_up(actor, typed)
    if scanned.refusal is not None:
        raise scanned.refusal
    assert scanned.member is not None
    return scanned.member


@dataclass(frozen=True, slots=True)
class ScannedCard:
    """A card that was scanned or typed: it and its holder, or the refusal that it earns."""

    card: Card | None = None
    member: Member | None = None
    refusal: Reason | None = None

    @property
    def member_id(self) -> UUID | None:
        return self.member.id if self.member else None


def look_up(actor: Actor, typed: str) -> ScannedCard:
    """Whose card has this code; nothing is changed yet, and an unknown one is counted as a try once it is refused."""
    query = scoped(actor.tenant, Card).where(Card.code_index == index_of(actor.tenant, typed))
    card: Card | None = db.session.scalars(query).one_or_none()
    if card is None:
        return ScannedCard(refusal=UnknownCard(afterwards=lambda: guesses.count_try(actor)))
    return read_again(card)


def read_again(card: Card) -> ScannedCard:
    """The card as it stands now, with its holder."""
    member = load_member(card.community_id, card.member_id) if card.member_id else None
    if card.state != CardState.ISSUED:
        return ScannedCard(card, member, WHY_DEAD[card.state]())
    if member is None or member.state != MemberState.ACTIVE:
        return ScannedCard(card, member, CardHolderLeft())
    return ScannedCard(card, member)


def members_with(community_id: UUID, codes: list[str]) -> dict[str, UUID | None]:
    """Who holds these cards, for their locks: each code that is known, with None for a card that nobody has."""
    indexes = {code: index_of(community_id, code) for code in codes}
    query = scoped(community_id, Card.code_index, Card.member_id).where(Card.code_index.in_(set(indexes.values())))
    holders = dict(db.session.execute(query).tuples().all())
    return {code: holders[index] for code, index in indexes.items() if index in holders}


def live_holders(community_id: UUID, codes: Collection[str]) -> dict[str, UUID]:
    """Which member holds each of these live cards; a card that is not in anybody's hands is left out."""
    indexes = {code: index_of(community_id, code) for code in codes}
    wanted = sorted(set(indexes.values()))
    found: dict[bytes, UUID] = {}
    for start in range(0, len(wanted), CODES_AT_ONCE):
        some = wanted[start : start + CODES_AT_ONCE]
        query = scoped(community_id, Card.code_index, Card.member_id).where(Card.code_index.in_(some))
        found |= dict(db.session.execute(query.where(Card.state == CardState.ISSUED)).tuples().all())
    return {code: found[index] for code, index in indexes.items() if index in found}


def export_cards(person_id: UUID) -> dict[str, Any]:
    """The person's cards and what became of them, for the file of their data."""
    mine = select(Card).join(Member, (Member.id == Card.member_id) & same_community(Member, Card))
    held = db.session.scalars(mine.where(Member.person_id == person_id).order_by(Card.id))
    return {"cards": all_facts(held, "state", "issued_at", "ended_at")}


registry.exporters["cards"] = export_cards
