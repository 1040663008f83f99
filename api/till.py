"""The till: a member's visit at a counter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api import offers
from api.auth import current_actor
from api.documents import resource
from api.schemas.till import TillRequestSchema, TillSchema
from api.writing import writes
from ledger.people import guesses
from ledger.rewards import tills
from ledger.rewards.tills import Till
from ledger.rewards.voucher_reading import VoucherView


def take_turn(asked: dict[str, Any]) -> None:
    """Cards and PINs are tried one after the other by one person."""
    if "card_code" in asked or "pin" in asked:
        guesses.take_turn(current_actor())


blp = resource("till", "The shop's counter.")


@blp.post("/till")
@blp.arguments(TillRequestSchema)
@blp.response(201, TillSchema)
@writes(TillSchema, status=201, first=take_turn)
def post_till(asked: dict[str, Any]) -> dict[str, Any]:
    """Use up a member's code and open a visit of ten minutes: what is usable here now, and why not the rest."""
    branch_id = asked.pop("branch_id")
    return _shown(tills.open_till(current_actor(), branch_id, **asked))


@blp.get("/till/<id:till_id>")
@blp.response(200, TillSchema)
def get_till(till_id: UUID) -> dict[str, Any]:
    """The visit again, with its offers as they are now."""
    return _shown(tills.see_till(current_actor(), till_id))


def _shown(till: Till) -> dict[str, Any]:
    return {
        "till_id": till.visit.id,
        "branch_id": till.visit.branch_id,
        "expires_at": till.visit.expires_at,
        "member": {"name": till.member_name},
        "offers": [offers.shown(view) for view in till.offers],
        "vouchers": [_voucher(view) for view in till.vouchers],
    }


def _voucher(view: VoucherView) -> dict[str, Any]:
    """A voucher for `VoucherAtTillSchema`."""
    plain = {name: getattr(view.voucher, name) for name in ("id", "number", "quantity", "valid_until")}
    return plain | {
        "offer_name": view.terms.name,
        "offer_kind": view.offer_kind,
        "minimum_bill_fen": view.terms.minimum_bill_fen,
        "usable": view.is_usable,
        "reasons": [reason.code for reason in view.reasons],
    }
