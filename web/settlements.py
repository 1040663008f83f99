"""The weekly statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _
from marshmallow import fields, validate

from api.auth import current_actor
from api.schemas.fields import PageQuery, Schema
from api.schemas.settlements import (
    CloseRequestSchema,
    InvoiceRequestSchema,
    PaymentRequestSchema,
    SettlementQuery,
    VoidRequestSchema,
)
from ledger.core import clock
from ledger.core.permissions import may, reach, reaches_all_by_name
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards.models import Merchant
from ledger.risk.reading import list_waiting
from ledger.settlement import closing, dispute_reading, files, lines, open_week, reading, settlements
from ledger.settlement.dispute_reading import DisputeView
from ledger.settlement.disputes import MOST_LINES
from ledger.settlement.models import Settlement, SettlementState
from web.flags import waiting_shown
from web.forms import ask, send
from web.languages import LANGUAGES, language
from web.last_time import as_last_time
from web.state_words import SETTLEMENT

page = Blueprint("settlements", __name__)

LINES = 200
"""Lines on one page of a sheet."""


@page.get("/c/<id:community_id>/settlements")
@as_last_time(SettlementQuery)
def list_all() -> Any:
    """Statements, newest week first."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    asked = ask(SettlementQuery())
    wanted = {name: asked[name] for name in ("status", "week", "merchant_id")}
    place = {"order": asked["sort"], "after": asked["cursor"], "limit": asked["limit"] + 1}
    rows = reading.list_settlements(actor, **wanted, **place)
    shown = rows[: asked["limit"]]
    return render_template(
        "settlements/list.html",
        settlements=[_shown(*row) for row in shown],
        sums=reading.sum_settlements(actor, **wanted),
        states=[(state, word.text) for state, word in SETTLEMENT.items()],
        merchants=[(merchant_id.hex, name) for merchant_id, name in reading.merchants_settled(actor)],
        asked=request.args,
        sort=asked["sort"],
        next_cursor=shown[-1][0].id.hex if len(rows) > len(shown) else None,
        held_lines=waiting_shown(list_waiting(actor, merchant_id=asked["merchant_id"])),
        closable=clock.week_of(clock.now() - timedelta(days=7)) if may(actor, "issue_settlement") else None,
        **again,
    )


def _shown(settlement: Settlement, merchant: Merchant) -> dict[str, Any]:
    columns = {column.key: getattr(settlement, column.key) for column in Settlement.__table__.columns}
    return columns | {
        "merchant": merchant.name,
        "to_pay_fen": settlement.to_pay_fen,
        "digest": settlement.digest.hex() if settlement.digest else "",
    }


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/open-week")
def show_open_week(merchant_id: UUID) -> Any:
    """A shop's week so far, newest first."""
    return render_template("settlements/open_week.html", one=open_week.see_open_week(current_actor(), merchant_id))


@page.post("/c/<id:community_id>/settlements")
def close() -> Any:
    """The week that is over has a draft for every shop with something to settle."""
    actor = current_actor()
    return send(
        CloseRequestSchema(),
        lambda values: (closing.close_week(actor, values["week"]), values["week"])[1],
        to=lambda week: url_for(".list_all", week=week),
        again=lambda **again: _list(actor, **again),
    )


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>")
def show(settlement_id: UUID) -> Any:
    """The sheet: lines, sums, who did what, the next step."""
    return _sheet(settlement_id)


def show_again(settlement_id: UUID, **again: Any) -> str:
    """The sheet with what was wrong in one of its forms."""
    return _sheet(settlement_id, **again)


def _sheet(settlement_id: UUID, **again: Any) -> str:
    actor = current_actor()
    settlement, merchant = reading.see_settlement(actor, settlement_id)
    rows = lines.lines_of(actor.tenant, settlement.id, after=ask(PageQuery())["cursor"], limit=LINES + 1)
    return render_template(
        "settlements/sheet.html",
        settlement=_shown(settlement, merchant),
        lines=rows[:LINES],
        next_cursor=rows[LINES - 1].id.hex if len(rows) > LINES else None,
        done_by=_done_by(actor, settlement),
        next_step=_next_step(actor, settlement),
        may_void=_may_void(actor, settlement),
        disputed={one.line.id: one.dispute for one in _disputes(actor, settlement)},
        may_dispute=settlement.state == SettlementState.ISSUED
        and may(actor, "dispute_settlement", merchant_id=settlement.merchant_id),
        may_invoice=settlement.state in (SettlementState.ISSUED, SettlementState.CONFIRMED)
        and may(actor, "invoice_settlement", merchant_id=settlement.merchant_id),
        wants_invoice=settlements.wants_invoice(settlement),
        in_payout=settlements.live_payout(settlement),
        held_lines=waiting_shown(list_waiting(actor, merchant_id=settlement.merchant_id, before=settlement.cut_off_at)),
        today=clock.today().isoformat(),
        **({"values": {}, "errors": {}} | again),
    )


class PaperSchema(Schema):
    """In which language a sheet is printed; none said: the page's."""

    language = fields.String(
        load_default=None, validate=validate.OneOf(LANGUAGES, error="Not a language of the pages.")
    )


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>/paper")
def show_paper(settlement_id: UUID) -> Any:
    """The whole statement for A4 paper, every column, in Chinese or in English whatever the page speaks."""
    asked = ask(PaperSchema())["language"] or language()
    actor = current_actor()
    settlement, merchant = reading.see_settlement(actor, settlement_id)
    rows = lines.lines_of(actor.tenant, settlement.id)
    details = files.details_of(rows)
    with force_locale(asked):
        return render_template(
            "settlements/paper.html",
            settlement=_shown(settlement, merchant),
            lines=[(line, details[line.id], files.operator_of(line)) for line in rows],
            sums=files.sums_by_type(rows),
            spoken=asked,
            languages=LANGUAGES.items(),
        )


def _disputes(actor: Actor, settlement: Settlement) -> list[DisputeView]:
    return dispute_reading.list_disputes(actor, settlement_id=settlement.id, limit=MOST_LINES)


def _may_void(actor: Actor, settlement: Settlement) -> bool:
    last_step = settlement.approved_by or settlement.confirmed_by or settlement.issued_by
    may_now = settlement.state in settlements.BEFORE_PAID and may(actor, "void_settlement")
    return may_now and last_step != actor.person_id


STEPS = ("issued", "confirmed", "approved", "paid", "reconciled", "voided")


def _done_by(actor: Actor, settlement: Settlement) -> dict[str, str]:
    """Who did each step, for the community's own people; the shop and the street read what was done, not by whom."""
    if not reaches_all_by_name(reach(actor, "see_settlements")):
        return {}
    by = {step: getattr(settlement, f"{step}_by") for step in STEPS}
    names = members.names_of(actor.tenant, list(by.values()))
    return {step: names.get(person_id, "") for step, person_id in by.items() if person_id is not None}


class Step(NamedTuple):
    """What comes next: who may do it, and whose step it must not be again."""

    verb: str
    waits_for: Any
    not_by: str | None = None


NEXT = {
    SettlementState.DRAFT: Step("issue", _("等社区出单。")),
    SettlementState.ISSUED: Step("confirm", _("等店主确认；到期没有异议就自动确认。")),
    SettlementState.CONFIRMED: Step("approve", _("等第二个人审批。"), "issued_by"),
    SettlementState.APPROVED: Step("pay", _("等另一个人付款。"), "approved_by"),
    SettlementState.PAID: Step("reconcile", _("等另一个人按银行流水对账。"), "paid_by"),
}


def _next_step(actor: Actor, settlement: Settlement) -> dict[str, Any]:
    """The step that this actor may take now, or the sentence that says whom the statement waits for."""
    step = NEXT.get(SettlementState(settlement.state))
    if step is None:
        return {"verb": None, "sentence": ""}
    if not may(actor, f"{step.verb}_settlement", merchant_id=settlement.merchant_id):
        return {"verb": None, "sentence": step.waits_for}
    if step.not_by and getattr(settlement, step.not_by) == actor.person_id:
        return {"verb": None, "sentence": gettext("上一步是您做的，这一步要另一位同事来做。")}
    return {"verb": step.verb, "sentence": ""}


def _take(settlement_id: UUID, verb: Callable[[dict[str, Any]], Settlement], schema: Any = None) -> Any:
    """One step of the sheet, then the sheet again."""
    return send(
        schema,
        verb,
        to=lambda done: url_for(".show", settlement_id=done.id),
        again=lambda **again: _sheet(settlement_id, **again),
    )


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/issue")
def issue(settlement_id: UUID) -> Any:
    """Issued: numbered and frozen."""
    actor = current_actor()
    return _take(settlement_id, lambda _values: settlements.issue(actor, settlement_id))


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/confirm")
def confirm(settlement_id: UUID) -> Any:
    """Confirmed by the shop."""
    actor = current_actor()
    return _take(settlement_id, lambda _values: settlements.confirm(actor, settlement_id))


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/approve")
def approve(settlement_id: UUID) -> Any:
    """Approved by a second person."""
    actor = current_actor()
    return _take(settlement_id, lambda _values: settlements.approve(actor, settlement_id))


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/pay")
def pay(settlement_id: UUID) -> Any:
    """Paid, with reference and date."""
    actor = current_actor()
    return _take(settlement_id, lambda paid: settlements.pay(actor, settlement_id, **paid), PaymentRequestSchema())


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/reconcile")
def reconcile(settlement_id: UUID) -> Any:
    """The bank's record shows the payment."""
    actor = current_actor()
    return _take(settlement_id, lambda _values: settlements.reconcile(actor, settlement_id))


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/void")
def void(settlement_id: UUID) -> Any:
    """Void before payment; the draft that replaces it follows."""
    actor = current_actor()
    return _take(settlement_id, lambda why: settlements.void(actor, settlement_id, **why), VoidRequestSchema())


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>.csv")
def download(settlement_id: UUID) -> Any:
    """The statement as CSV."""
    return _file(settlement_id, "csv")


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>.xlsx")
def download_workbook(settlement_id: UUID) -> Any:
    """The statement as a workbook."""
    return _file(settlement_id, "xlsx")


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/invoice")
def give_invoice(settlement_id: UUID) -> Any:
    """The shop's invoice is named."""
    actor = current_actor()
    schema = InvoiceRequestSchema()
    return _take(settlement_id, lambda said: settlements.give_invoice(actor, settlement_id, **said), schema)


@page.get("/c/<id:community_id>/settlements.zip")
def download_week() -> Any:
    """All statements of a week."""
    asked = ask(SettlementQuery(only=("week",)))
    return _as_response(files.make_week(current_actor(), asked["week"] or clock.week_of(clock.now())))


def _file(settlement_id: UUID, kind: str) -> Response:
    return _as_response(files.make(current_actor(), settlement_id, kind))


def _as_response(file: files.StatementFile) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, content_type=file.media_type, headers=headers)
