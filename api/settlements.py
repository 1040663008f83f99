"""Settlements: one statement for each merchant and week, step by step, with its lines and files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.settlements import (
    ClosedWeekSchema,
    CloseRequestSchema,
    InvoiceRequestSchema,
    LinePageSchema,
    OpenWeekSchema,
    PaymentRequestSchema,
    SettlementPageSchema,
    SettlementQuery,
    SettlementSchema,
    StatementFileSchema,
    StepSchema,
    VoidRequestSchema,
    WeekQuery,
)
from api.writing import writes
from ledger.core import clock
from ledger.settlement import closing, files, lines, open_week, reading, settlements
from ledger.settlement.models import Settlement

blp = resource("settlements", "Weekly statements of the merchants, from draft to paid.")

CSV = {"description": "The statement as CSV (UTF-8 with BOM).", "content_type": files.KINDS["csv"][0]}
ZIP = {"description": "All of the week: CSV, XLSX and JSON of each.", "content_type": files.ZIP_TYPE}
XLSX = {"description": "The statement as a workbook: head and lines.", "content_type": files.KINDS["xlsx"][0]}


@blp.get("/settlements")
@blp.arguments(SettlementQuery, location="query")
@blp.response(200, SettlementPageSchema)
def list_settlements(asked: dict[str, Any]) -> dict[str, Any]:
    """The statements I may see, newest first unless asked otherwise."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = reading.list_settlements(current_actor(), **asked, order=order, after=cursor, limit=limit + 1)
    return page([settlement for settlement, _ in rows], limit)


@blp.post("/settlements")
@blp.arguments(CloseRequestSchema)
@blp.response(201, ClosedWeekSchema)
@writes(ClosedWeekSchema, status=201, keyed=True)
def post_settlements(asked: dict[str, Any]) -> dict[str, Any]:
    """Close a week that is over; closing it again adds only what is missing."""
    return {"settlements": closing.close_week(current_actor(), asked["week"])}


@blp.get("/settlements/<id:settlement_id>")
@blp.response(200, SettlementSchema)
def get_settlement(settlement_id: UUID) -> Settlement:
    """One statement."""
    return reading.see_settlement(current_actor(), settlement_id)[0]


@blp.get("/settlements/<id:settlement_id>/lines")
@blp.arguments(PageQuery, location="query")
@blp.response(200, LinePageSchema)
def list_lines(asked: dict[str, Any], settlement_id: UUID) -> dict[str, Any]:
    """The lines of a statement, in its order."""
    actor = current_actor()
    reading.see_settlement(actor, settlement_id)
    rows = lines.lines_of(actor.tenant, settlement_id, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.get("/merchants/<id:merchant_id>/open-week")
@blp.response(200, OpenWeekSchema)
def get_open_week(merchant_id: UUID) -> open_week.OpenWeek:
    """A shop's week so far: what no statement has yet."""
    return open_week.see_open_week(current_actor(), merchant_id)


@blp.get("/settlements/<id:settlement_id>.json")
@blp.response(200, StatementFileSchema)
def get_json(settlement_id: UUID) -> dict[str, Any]:
    """The whole statement with its lines."""
    actor = current_actor()
    settlement, merchant = reading.see_settlement(actor, settlement_id)
    shown = {column.key: getattr(settlement, column.key) for column in Settlement.__table__.columns}
    shown["to_pay_fen"] = settlement.to_pay_fen
    return shown | {"merchant_name": merchant.name, "lines": lines.lines_of(actor.tenant, settlement_id)}


@blp.get("/settlements/<id:settlement_id>.csv")
@blp.response(200, **CSV)
def get_csv(settlement_id: UUID) -> Response:
    """The statement as a file for a spreadsheet."""
    return _file(settlement_id, "csv")


@blp.get("/settlements/<id:settlement_id>.xlsx")
@blp.response(200, **XLSX)
def get_xlsx(settlement_id: UUID) -> Response:
    """The statement as a workbook, with amounts that can be added up."""
    return _file(settlement_id, "xlsx")


@blp.get("/settlements.zip")
@blp.arguments(WeekQuery, location="query")
@blp.response(200, **ZIP)
def get_zip(asked: dict[str, Any]) -> Response:
    """Every numbered statement of a week that I may see, as files in one archive."""
    week = asked["week"] or clock.week_of(clock.now() - timedelta(days=7))
    return _as_response(files.make_week(current_actor(), week))


def _file(settlement_id: UUID, kind: str) -> Response:
    return _as_response(files.make(current_actor(), settlement_id, kind))


def _as_response(file: files.StatementFile) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, content_type=file.media_type, headers=headers)


@blp.post("/settlements/<id:settlement_id>/issue")
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_issue(settlement_id: UUID) -> Settlement:
    """Number and freeze the statement."""
    return settlements.issue(current_actor(), settlement_id)


@blp.post("/settlements/<id:settlement_id>/confirm")
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_confirm(settlement_id: UUID) -> Settlement:
    """The shop agrees."""
    return settlements.confirm(current_actor(), settlement_id)


@blp.post("/settlements/<id:settlement_id>/approve")
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_approve(settlement_id: UUID) -> Settlement:
    """The second person approves."""
    return settlements.approve(current_actor(), settlement_id)


@blp.post("/settlements/<id:settlement_id>/invoice")
@blp.arguments(InvoiceRequestSchema)
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_invoice(asked: dict[str, Any], settlement_id: UUID) -> Settlement:
    """Name the shop's invoice (发票); where the agreement asks for one, it comes before the approval."""
    return settlements.give_invoice(current_actor(), settlement_id, number=asked["number"])


@blp.post("/settlements/<id:settlement_id>/pay")
@blp.arguments(PaymentRequestSchema)
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_pay(asked: dict[str, Any], settlement_id: UUID) -> Settlement:
    """Record the payment; the money leaves the books."""
    return settlements.pay(current_actor(), settlement_id, **asked)


@blp.post("/settlements/<id:settlement_id>/reconcile")
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_reconcile(settlement_id: UUID) -> Settlement:
    """The bank's record shows the payment."""
    return settlements.reconcile(current_actor(), settlement_id)


@blp.post("/settlements/<id:settlement_id>/void")
@blp.arguments(VoidRequestSchema)
@blp.response(200, StepSchema)
@writes(StepSchema, keyed=True)
def post_void(asked: dict[str, Any], settlement_id: UUID) -> Settlement:
    """The statement counts no more; answers the draft that replaces it."""
    return settlements.void(current_actor(), settlement_id, reason=asked["reason"])
