"""Paper cards in every state; those that were handed out open with one PIN, as the demo's secrets are no secrets."""

from __future__ import annotations

from api.commands.demo.town import Town
from ledger.core.db import db
from ledger.core.tenancy import scoped
from ledger.people import card_sheets, cards
from ledger.people.cards_models import Card, CardState

PIN = "7391"


def hand_out_cards(town: Town) -> None:
    """A sheet of ten: three are handed out, one of them lost and one replaced; one is void, the rest blank."""
    admin = town.cast["admin"]
    sheet = card_sheets.make_sheet(admin, count=10)
    holders = [one.member_id for one in town.residents[8:11]]
    for member_id in holders:
        cards.hand_out(admin, member_id, pin=PIN)
    cards.report_lost(admin, holders[1])
    cards.hand_out(admin, holders[2], pin=PIN, replaces=True)
    blank = scoped(admin.tenant, Card).where(Card.sheet_id == sheet.id, Card.state == CardState.BLANK)
    cards.withdraw_card(admin, db.session.scalars(blank.order_by(Card.id).limit(1)).one().id)
