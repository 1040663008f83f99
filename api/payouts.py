"""Payouts: numbered batches for the bank, their file, and the bank's answer line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Response, request

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.payouts import (
    OwedListSchema,
    PayoutPageSchema,
    PayoutRequestSchema,
    PayoutSchema,
    PayoutStepSchema,
    ResultsRequestSchema,
    ResultsSchema,
)
from api.writing import writes
from ledger.core.spreadsheets import CSV_TYPE
from ledger.settlement import payout_files, payout_reading, payouts
from ledger.settlement.payout_models import Payout
from ledger.settlement.payout_reading import PayoutView
from ledger.settlement.payouts import BankResult

blp = resource("payouts", "Frozen, numbered batches of approved statements for the bank.")

RESULTS = {
    "required": True,
    "content": {
        "application/json": {"schema": ResultsRequestSchema},
        "text/csv": {"schema": {"type": "string", "description": "The bank file with its results filled in."}},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
    },
}
CSV = {"description": "The bank's file (UTF-8 with BOM).", "content_type": CSV_TYPE}


@blp.get("/payouts")
@blp.arguments(PageQuery, location="query")
@blp.response(200, PayoutPageSchema)
def list_payouts(asked: dict[str, Any]) -> dict[str, Any]:
    """The batches, newest first; a shop's owner sees the own lines."""
    rows = payout_reading.list_payouts(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="payout.id")


@blp.post("/payouts")
@blp.arguments(PayoutRequestSchema)
@blp.response(201, PayoutStepSchema)
@writes(PayoutStepSchema, status=201, keyed=True)
def post_payout(asked: dict[str, Any]) -> Payout:
    """Freeze a batch of approved statements; all of them, or none."""
    return payouts.create_payout(current_actor(), asked["settlement_ids"])


@blp.get("/payouts/owed")
@blp.response(200, OwedListSchema)
def list_owed() -> dict[str, Any]:
    """What the community owes each shop, by age."""
    return {"items": payout_reading.list_owed(current_actor())}


@blp.get("/payouts/<id:payout_id>")
@blp.response(200, PayoutSchema)
def get_payout(payout_id: UUID) -> PayoutView:
    """One batch with its lines."""
    return payout_reading.see_payout(current_actor(), payout_id)


@blp.get("/payouts/<id:payout_id>.csv")
@blp.response(200, **CSV)
def get_csv(payout_id: UUID) -> Response:
    """The bank's file, with whole account numbers: the same bytes each time, and audited."""
    file = payout_files.make_bank_file(current_actor(), payout_id)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return Response(file.content, content_type=CSV_TYPE, headers=headers)


@blp.post("/payouts/<id:payout_id>/results")
@blp.doc(requestBody=RESULTS)
@blp.response(200, ResultsSchema)
@writes(ResultsSchema, keyed=True)
def post_results(payout_id: UUID) -> dict[str, Any]:
    """Take the bank's answers (JSON, CSV or XLSX), each line for itself: a changed amount is refused with its row."""
    if not request.is_json:
        return {"results": payout_files.take_file(current_actor(), payout_id, _sent_file())}
    asked = blp.ARGUMENTS_PARSER.parse(ResultsRequestSchema(), request, location="json")
    return {"results": payouts.take_results(current_actor(), payout_id, list(_results(asked["items"])))}


def _sent_file() -> bytes:
    """The bank's file, as the body itself or as `file` of a form."""
    sent = request.files.get("file")
    if sent is None:
        return request.get_data()
    sent.stream.seek(0)
    return bytes(sent.read())


def _results(items: list[dict[str, Any]]) -> Iterator[BankResult]:
    for row, item in enumerate(items, start=1):
        said = {name: item[name] for name in ("amount_fen", "reference", "paid_on", "reason")}
        yield BankResult(row=row, line=item["line_id"], is_paid=item["status"] == "paid", **said)
