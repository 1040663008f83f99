"""The receipt of one transfer: what it proves in plain words, its figures, and the file to keep."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from ledger.book import checkpoints, receipts
from web.qr import qr_svg

page = Blueprint("receipts", __name__)


@page.get("/c/<id:community_id>/receipts/<id:transfer_id>")
def show(transfer_id: UUID) -> Any:
    """What the receipt says, on the page and on paper."""
    receipt = receipts.see_receipt(current_actor(), transfer_id)
    checkpoint = receipt.checkpoint
    newest = checkpoints.newest_checkpoint(current_actor().tenant)
    return render_template(
        "receipts/show.html",
        receipt=receipt,
        transfer=receipt.transfer,
        day=checkpoint.day if checkpoint is not None else None,
        newest=newest.day if newest is not None else None,
        digest=checkpoint.digest.hex() if checkpoint is not None else "",
        text=checkpoints.text_of(checkpoint) if checkpoint is not None else "",
        qr=qr_svg(f"{public_root()}{url_for('web.seals.list_days')}", _("每天的封账")),
    )


@page.get("/c/<id:community_id>/receipts/<id:transfer_id>.json")
def download(transfer_id: UUID) -> Any:
    """The file for docs/verify_receipt.py."""
    document = receipts.document_of(receipts.see_receipt(current_actor(), transfer_id))
    headers = {"Content-Disposition": f'attachment; filename="receipt-{transfer_id.hex}.json"'}
    body = json.dumps(document, ensure_ascii=False, indent=1)
    return Response(body, content_type="application/json", headers=headers)
