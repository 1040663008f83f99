"""Receipts: the proof of one transfer, to keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.seals import TransferReceiptSchema
from ledger.book import receipts

blp = resource("receipts", "Receipts: the offline proof that a transfer is in the sealed books.")


@blp.get("/receipts/<id:transfer_id>")
@blp.response(200, TransferReceiptSchema)
def get_receipt(transfer_id: UUID) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The receipt of a transfer that I may see; a file for docs/verify_receipt.py."""
    document = receipts.document_of(receipts.see_receipt(current_actor(), transfer_id))
    return document, 200, {"Content-Disposition": f'attachment; filename="receipt-{transfer_id.hex}.json"'}
