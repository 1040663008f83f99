"""Transfers of the books."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.transfers import TransferPageSchema, TransferQuery, TransferSchema
from ledger.book import reading
from ledger.book.models import Transfer
from ledger.book.reading import TransferFilter

blp = resource("transfers", "Transfers: immutable movements between two accounts.")


@blp.get("/transfers")
@blp.arguments(TransferQuery, location="query")
@blp.response(200, TransferPageSchema)
def list_transfers(asked: dict[str, Any]) -> dict[str, Any]:
    """The transfers I may see, newest first."""
    wanted = TransferFilter(code=asked["code"], since=asked["since"], until=asked["until"])
    rows = reading.list_transfers(
        current_actor(),
        account_id=asked["account_id"],
        wanted=wanted,
        before=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"])


@blp.get("/transfers/<id:transfer_id>")
@blp.response(200, TransferSchema)
def get_transfer(transfer_id: UUID) -> Transfer:
    """One transfer."""
    return reading.see_transfer(current_actor(), transfer_id)
