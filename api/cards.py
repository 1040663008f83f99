"""Paper cards of members, and the sheets that they are printed on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.addresses import public_root
from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.cards import (
    CardPageSchema,
    CardQuery,
    CardSchema,
    FlowerBookQuery,
    FlowerBookSchema,
    HandedOutSchema,
    HandOutSchema,
    MemberCardSchema,
    NewPinSchema,
    PrintedSheetSchema,
    SheetPageSchema,
    SheetRequestSchema,
    SheetSchema,
)
from api.schemas.fields import PageQuery
from api.writing import writes
from ledger.people import card_pins, card_sheets, cards, guesses
from ledger.people.cards import HandedOut
from ledger.people.cards_models import Card, CardSheet
from ledger.service import mine
from ledger.service.mine import FlowerBook

blp = resource("cards", "Paper cards: for whoever has no phone, or leaves it at home.")


def _take_turn(asked: dict[str, Any]) -> None:
    if asked.get("code"):
        guesses.take_turn(current_actor())


@blp.get("/members/<id:member_id>/card")
@blp.response(200, MemberCardSchema)
def get_card(member_id: UUID) -> dict[str, Any]:
    """The member's card: the live one, else the last."""
    card = cards.see_card(current_actor(), member_id)
    return {"card": _shown(card) if card else None}


@blp.get("/members/<id:member_id>/card/flowers")
@blp.arguments(FlowerBookQuery, location="query")
@blp.response(200, FlowerBookSchema)
def get_flowers(asked: dict[str, Any], member_id: UUID) -> FlowerBook:
    """Card by card, newest first: one flower for each stamped service, with its day and its stamp."""
    return mine.flower_book(current_actor(), member_id, before=asked["before"])


@blp.post("/members/<id:member_id>/card")
@blp.arguments(HandOutSchema)
@blp.response(201, HandedOutSchema)
@writes(HandedOutSchema, status=201, first=_take_turn)
def post_card(asked: dict[str, Any], member_id: UUID) -> dict[str, Any]:
    """Hand out a card: the blank one with this code, the one made for the member, or a new one to be printed."""
    return _handed_out(cards.hand_out(current_actor(), member_id, **asked))


@blp.post("/members/<id:member_id>/card/lost")
@blp.response(200, CardSchema)
@writes(CardSchema)
def post_loss(member_id: UUID) -> dict[str, Any]:
    """The member's card is lost: from now on it opens nothing."""
    return _shown(cards.report_lost(current_actor(), member_id))


@blp.post("/members/<id:member_id>/card/pin")
@blp.arguments(NewPinSchema)
@blp.response(200, HandedOutSchema)
@writes(HandedOutSchema)
def post_pin(asked: dict[str, Any], member_id: UUID) -> dict[str, Any]:
    """Set a new PIN for a forgotten or blocked one; the member is told."""
    return _handed_out(cards.reset_pin(current_actor(), member_id, **asked))


@blp.get("/cards")
@blp.arguments(CardQuery, location="query")
@blp.response(200, CardPageSchema)
def list_cards(asked: dict[str, Any]) -> dict[str, Any]:
    """The cards I may see, newest first, without their codes."""
    rows = card_sheets.list_cards(
        current_actor(),
        state=asked["status"],
        sheet_id=asked["sheet_id"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page([_shown(card) for card, _ in rows], asked["limit"])


@blp.post("/cards/<id:card_id>/void")
@blp.response(200, CardSchema)
@writes(CardSchema)
def post_void(card_id: UUID) -> dict[str, Any]:
    """Withdraw a blank or live card for ever."""
    return _shown(cards.withdraw_card(current_actor(), card_id))


@blp.get("/card-sheets")
@blp.arguments(PageQuery, location="query")
@blp.response(200, SheetPageSchema)
def list_sheets(asked: dict[str, Any]) -> dict[str, Any]:
    """The sheets of my part, newest first."""
    rows = card_sheets.list_sheets(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(
        [_sheet(row.sheet) | {"unit_name": row.unit_name, "counts": row.counts} for row in rows], asked["limit"]
    )


@blp.post("/card-sheets")
@blp.arguments(SheetRequestSchema)
@blp.response(201, SheetSchema)
@writes(SheetSchema, status=201)
def post_sheet(asked: dict[str, Any]) -> CardSheet:
    """Make a sheet of blank cards, or of one for each of these members."""
    return card_sheets.make_sheet(current_actor(), **asked)


@blp.get("/card-sheets/<id:sheet_id>")
@blp.response(200, PrintedSheetSchema)
def get_sheet(sheet_id: UUID) -> dict[str, Any]:
    """The sheet for the printer, with the codes of its cards that are not dead; who looked is in the audit."""
    sheet, printed = card_sheets.open_sheet(current_actor(), sheet_id)
    rows = [{"id": one.id, "code": one.code, "name": one.name, "url": card_url(one.code)} for one in printed]
    return _sheet(sheet) | {"cards": rows}


def card_url(code: str) -> str:
    """What a card's QR says: an address of the community with the code behind the #, which no server sees."""
    return f"{public_root()}/c/{current_actor().tenant.hex}/card#{code}"


def _sheet(sheet: CardSheet) -> dict[str, Any]:
    return {"id": sheet.id, "unit_id": sheet.unit_id, "made_at": sheet.made_at}


def _shown(card: Card) -> dict[str, Any]:
    plain = {name: getattr(card, name) for name in CardSchema().fields if name not in ("status", "pin_blocked")}
    return plain | {"state": card.state, "pin_blocked": card.pin_tries >= card_pins.MOST_TRIES}


def _handed_out(handed: HandedOut) -> dict[str, Any]:
    return _shown(handed.card) | {"code": handed.code, "pin": handed.pin}
