"""The PIN of a paper card: what confirms in the place of a phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from ledger.core import audit, secrets, walls
from ledger.core.db import connection, db
from ledger.core.ids import NOBODY
from ledger.core.tenancy import Actor, same_community, scoped, within
from ledger.people import guesses, notices
from ledger.people.card_codes import index_of
from ledger.people.card_errors import PinBlocked, PinWrong, UnknownCard
from ledger.people.cards import ScannedCard, digest_of_pin, read_again
from ledger.people.cards_models import Card, CardState
from ledger.people.models import Member

MOST_TRIES = 5
"""So many wrong ones since the last right one, and only staff can open the card again."""

PIN_STOPPED = notices.declare(
    "card.pin_blocked",
    zh="您的红花卡密码输错 {tries} 次，已锁住。请到社区重设。",
    en="Your paper card's PIN was entered wrongly {tries} times and is blocked. The community sets a new one.",
    by_phone=True,
)

_cards: Any = Card.__table__


def check_pin(actor: Actor, scanned: ScannedCard, pin: str) -> None:
    """The PIN is the card's, and its earlier wrong tries are forgotten.

    Raises what the card earns, PinBlocked, PinWrong. An unknown card costs the same work as a wrong PIN, statement by
    statement.
    """
    card = _locked(actor, scanned)
    known = card is not None and card.pin_hash is not None
    salt = (card.pin_salt if card and known else None) or b""
    digest = digest_of_pin(card.id if card else NOBODY, salt, pin)
    right = secrets.same(digest, (card.pin_hash if card and known else None) or b"")
    if card is None:
        _look_for_nobody(actor)
        raise UnknownCard(afterwards=lambda: _count_wrong(actor, None, scanned))
    refusal = read_again(card).refusal
    if refusal is not None:
        raise refusal
    if card.pin_tries >= MOST_TRIES:
        raise PinBlocked
    if not right:
        left = MOST_TRIES - card.pin_tries - 1
        raise PinWrong(tries_left=left, afterwards=lambda: _count_wrong(actor, card, scanned))
    if card.pin_tries:
        card.pin_tries = 0
        db.session.flush()


@walls.above()
def opens_card_of(person_id: UUID, code: str, pin: str) -> bool:
    """Is it the code and PIN of a card that the person can use, in whatever community? Whoever asks counts the tries.

    The one question asked across tenants about cards, by the person; a blocked card answers nothing.
    """
    held = select(Card).join(Member, (Member.id == Card.member_id) & same_community(Member, Card))
    live = held.where(Member.person_id == person_id, Card.state == CardState.ISSUED, Card.pin_tries < MOST_TRIES)
    return any(_fits(card, code, pin) for card in db.session.scalars(live))


def _fits(card: Card, code: str, pin: str) -> bool:
    digest = digest_of_pin(card.id, card.pin_salt or b"", pin)
    is_code = secrets.same(index_of(card.community_id, code), card.code_index)
    return secrets.same(digest, card.pin_hash or b"") and is_code


def _locked(actor: Actor, scanned: ScannedCard) -> Card | None:
    """The card as it stands under its lock: another till may have tried it meanwhile."""
    card_id = scanned.card.id if scanned.card else NOBODY
    query = scoped(actor.tenant, Card).where(Card.id == card_id).with_for_update()
    found: Card | None = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return found


def _look_for_nobody(actor: Actor) -> None:
    """What a known card costs: its holder is read when it is looked up, and again under its lock."""
    for _ in range(2):
        db.session.scalars(scoped(actor.tenant, Member).where(Member.id == NOBODY)).one_or_none()


def _count_wrong(actor: Actor, card: Card | None, scanned: ScannedCard) -> None:
    wrong = (
        update(_cards)
        .where(within(actor.tenant, Card), _cards.c.id == (card.id if card else NOBODY))
        .values(pin_tries=_cards.c.pin_tries + 1)
        .returning(_cards.c.pin_tries)
    )
    tries: int | None = connection().execute(wrong).scalar_one_or_none()
    guesses.count_try(actor, card.id if card else None)
    if card is not None and tries == MOST_TRIES:
        audit.record(actor, "people.block_pin", card.id, tries=tries)
        _tell(card, scanned, tries)


def _tell(card: Card, scanned: ScannedCard, tries: int) -> None:
    person_id: UUID | None = scanned.member.person_id if scanned.member else None
    if person_id is not None:
        notices.tell(card.community_id, person_id, PIN_STOPPED, card_id=card.id.hex, tries=tries)
